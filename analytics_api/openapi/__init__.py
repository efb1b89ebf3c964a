"""The OpenAPI document, made from the serializers and through them from the catalog."""

from .document import ApiSchema, complete_document, described_endpoints, document, document_json

__all__ = ["ApiSchema", "complete_document", "described_endpoints", "document", "document_json"]
