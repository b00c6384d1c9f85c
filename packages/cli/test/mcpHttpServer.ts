/** An MCP server over HTTP, with one tool. */
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import * as Effect from "effect/Effect"

const answers: Record<string, (params: { readonly arguments?: { readonly word?: string } }) => object> = {
  initialize: () => ({
    protocolVersion: "2025-11-25",
    capabilities: { tools: {} },
    serverInfo: { name: "s", version: "1" }
  }),
  "tools/list": () => ({
    tools: [
      {
        name: "shout",
        description: "Shouts",
        inputSchema: { type: "object", properties: { word: { type: "string" } }, required: ["word"] }
      }
    ]
  }),
  "tools/call": ({ arguments: { word = "" } = {} }) => ({ content: [{ type: "text", text: word.toUpperCase() }] })
}

/**
 * The URL of a server, which runs until the scope ends; with a status, it refuses every request with it. With a
 * function, it runs that at the end of a session, and does not respond to it.
 */
export const mcpHttpServer = (status = 200, onEnd?: () => void) =>
  Effect.acquireRelease(
    Effect.callback<{ readonly url: string; readonly close: () => void }>((resume) => {
      const server = createServer((request, response) => {
        const chunks: Array<Buffer> = []
        request.on("data", (chunk: Buffer) => chunks.push(chunk))
        request.on("end", () => {
          if (status !== 200) return response.writeHead(status).end()
          if (request.method === "DELETE" && onEnd !== undefined) return onEnd()
          if (request.method !== "POST") return response.writeHead(405).end()
          const { id, method, params } = JSON.parse(Buffer.concat(chunks).toString())
          if (id === undefined) return response.writeHead(202).end()
          response.writeHead(200, { "content-type": "application/json", "mcp-session-id": "session" })
          return response.end(JSON.stringify({ jsonrpc: "2.0", id, result: answers[method]?.(params) }))
        })
      })
      server.listen(0, "127.0.0.1", () => {
        const { port } = server.address() as AddressInfo
        const close = () => {
          server.closeAllConnections()
          server.close()
        }
        resume(Effect.succeed({ url: `http://127.0.0.1:${port}/mcp`, close }))
      })
    }),
    ({ close }) => Effect.sync(close)
  )
