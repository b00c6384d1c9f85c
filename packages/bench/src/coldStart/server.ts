/** A server in a separate process that answers every chat at once, and reports when the latest request arrived. */
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"

const body = JSON.stringify({
  id: "chatcmpl-6a5a94402c5b15ae3c2ccb5b",
  object: "chat.completion",
  created: 1_784_321_103,
  model: "kimi-k3",
  choices: [{ index: 0, message: { role: "assistant", content: "hello" }, finish_reason: "stop" }],
  usage: { prompt_tokens: 16, completion_tokens: 1, total_tokens: 17 }
})

let latest = 0

const server = createServer((request, response) => {
  latest = performance.timeOrigin + performance.now()
  request.resume().on("end", () => {
    response.writeHead(200, { "content-type": "application/json" }).end(body)
  })
})

server.listen(0, "127.0.0.1", () => {
  const { port } = server.address() as AddressInfo
  process.send?.(`http://127.0.0.1:${port}/v1`)
})
process.on("message", () => process.send?.(latest))
