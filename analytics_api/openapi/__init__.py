"""The OpenAPI document, made from the serializers and through them from the catalog."""

from .document import ApiSchema, complete_document, document, document_json, only_the_query_api

__all__ = ["ApiSchema", "complete_document", "document", "document_json", "only_the_query_api"]
