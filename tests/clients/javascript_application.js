/* An application that uses the JavaScript SDK as its users do. The SDK finds our server by
   NEBULY_ENDPOINT_URL, and the application its key in NEBULY_API_KEY. Prints what our server answered. */

const { NebulyCallbackHandler, NebulySdk } = require("@nebuly-ai/nebuly-js-sdk");
const { ChainStep, ChainStepName, RAGSource } = require("@nebuly-ai/nebuly-js-sdk/dist/base.js");
const { Document } = require("@langchain/core/documents");
const { BaseChatModel } = require("@langchain/core/language_models/chat_models");
const { AIMessage } = require("@langchain/core/messages");
const { BaseRetriever } = require("@langchain/core/retrievers");
const { RunnableLambda } = require("@langchain/core/runnables");

const START = new Date("2024-05-27T10:00:00.000Z");
const END = new Date("2024-05-27T10:00:02.500Z");
const sdk = new NebulySdk(process.env.NEBULY_API_KEY);

async function main() {
  // Before the interactions they are about.
  const early = [
    await giveFeedback({ slug: "thumbs_up", text: "Nice" }, { input: "Where is my parcel?", end_user: "ada" }),
    await giveFeedback({ slug: "copy_input", text: "bob" }, { input: "I am bob@example.com", end_user: "bob" }),
  ];
  const answers = [await traceSteps(), await sendChat(), await runChain()];
  const late = [
    await giveFeedback({ slug: "copy_output", text: "On its way." }, { output: "On its way.", end_user: "ada" }),
    await giveFeedback(
      { slug: "thumbs_down" },
      { input: "I am bob@example.com", output: "Hello Bob", end_user: "bob", end_user_group_profile: "self-serve" },
    ),
    await giveFeedback({ slug: "regenerate" }, { end_user: "cy" }),
  ];
  console.log(JSON.stringify({ early, answers, late }));
}

function giveFeedback(action, metadata) {
  return sdk.sendFeedbackAction(action, metadata);
}

/* An interaction with the steps of its chain: two sources and a model. */
async function traceSteps() {
  const steps = ["faq", "blog"].map((sourceName) => {
    const step = new ChainStep(sourceName, ChainStepName.Retriever);
    step.query = "parcel";
    step.response = ["Parcels take two days."];
    step.metadata = { sourceName };
    return step;
  });
  const model = new ChainStep("model", ChainStepName.LLM);
  model.query = "Where is my parcel?";
  model.response = ["On its way."];
  model.metadata = { model: "large", inputTokens: 12, outputTokens: 3 };
  return sdk.sendInteractionWithTrace(
    "Where is my parcel?", "On its way.", [...steps, model], START, END, "ada",
    ["Hello"], ["Hi"], { plan: "pro" }, true,
  );
}

/* A chat with an OpenAI model, with what was retrieved for it. Not anonymised, which is the SDK's default. */
async function sendChat() {
  const messages = [
    { role: "user", content: "Hello" },
    { role: "assistant", content: "Hi" },
    { role: "user", content: "I am bob@example.com" },
  ];
  const sources = [new RAGSource("bob", ["A customer."])];
  return sdk.sendOpenAIInteraction(
    messages, "Hello Bob", "small", START, END, "bob", undefined, "Be kind.", sources, { plan: "free" },
  );
}

/* A chain of LangChain, watched by the SDK's callback handler. */
async function runChain() {
  const [shelf, model] = [new Shelf(), new Model({})];
  const chain = RunnableLambda.from(async ({ input }, { callbacks }) => {
    await shelf.getRelevantDocuments(input, callbacks);
    const { content } = await model.invoke(input, { callbacks });
    return { input, answer: content };
  });
  const handler = new NebulyCallbackHandler("cy", process.env.NEBULY_API_KEY);
  await chain.invoke({ input: "When is my refund?" }, { callbacks: [handler] });
  return handler.sendData();
}

class Shelf extends BaseRetriever {
  lc_namespace = ["application"];

  async _getRelevantDocuments() {
    return [new Document({ pageContent: "Refunds take a week." })];
  }
}

class Model extends BaseChatModel {
  _llmType() {
    return "application";
  }

  invocationParams() {
    return { model: "large" };
  }

  async _generate() {
    const text = "In a week.";
    const tokenUsage = { promptTokens: 20, completionTokens: 4 };
    return { generations: [{ text, message: new AIMessage(text) }], llmOutput: { tokenUsage } };
  }
}

main();
