"""The OpenAPI 3.1 document, made from the declarations (HTTP-50, HTTP-51).

It is made when the backend is packaged and when the local cloud starts, never while a request is answered.
"""

from chalicelib.platform.http.openapi.document import document, text

__all__ = ["document", "text"]
