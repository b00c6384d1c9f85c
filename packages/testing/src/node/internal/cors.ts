/** Lets pages of any origin call the server: https://fetch.spec.whatwg.org/#http-cors-protocol */
import type { IncomingMessage, ServerResponse } from "node:http"

/** Adds the headers, and answers a preflight request. Returns whether the response is complete. */
export const respond = ({ headers, method }: IncomingMessage, response: ServerResponse): boolean => {
  response.setHeader("access-control-allow-origin", "*")
  response.setHeader("access-control-expose-headers", "*")
  if (method !== "OPTIONS" || headers["access-control-request-method"] === undefined) return false
  response.writeHead(204, {
    "access-control-allow-methods": "GET, POST, PUT, PATCH, DELETE",
    // "*" does not include `authorization`.
    "access-control-allow-headers": headers["access-control-request-headers"] ?? "*",
    "access-control-max-age": "86400"
  })
  response.end()
  return true
}
