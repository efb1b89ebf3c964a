// Swagger UI on our document. Its examples have fixed dates; here they ask about the last days,
// so that they find something.
"use strict";

const N_DAYS = 30;
const DAY_MS = 24 * 60 * 60 * 1000;

function lastDays(now) {
  const today = Math.floor(now / DAY_MS) * DAY_MS;
  const iso = (time) => new Date(time).toISOString().replace(".000Z", "Z");
  return { start: iso(today - (N_DAYS - 1) * DAY_MS), end: iso(today + DAY_MS) };
}

function bringUpToDate(apiDocument, now) {
  for (const operations of Object.values(apiDocument.paths)) {
    for (const operation of Object.values(operations)) {
      const examples = operation.requestBody?.content["application/json"].examples ?? {};
      for (const { value } of Object.values(examples)) {
        if (value.time_range) value.time_range = lastDays(now);
      }
    }
  }
  return apiDocument;
}

function followColorScheme() {
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const apply = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
  dark.addEventListener("change", apply);
  apply();
}

async function start(place) {
  followColorScheme();
  const response = await fetch(place.dataset.document);
  window.SwaggerUIBundle({
    domNode: place,
    spec: bringUpToDate(await response.json(), Date.now()),
    presets: [window.SwaggerUIBundle.presets.apis],
    deepLinking: true,
    displayRequestDuration: true,
    tryItOutEnabled: true,
    defaultModelsExpandDepth: 0,
    // It would send the address of this server to a public one.
    validatorUrl: null,
  });
}

start(document.getElementById("swagger-ui"));
