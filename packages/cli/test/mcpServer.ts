/** An MCP server on stdio, as the text of a CommonJS program. */

/** A server with one tool, whose result has the names of the variables of its environment. */
export const mcpServer = `
const answers = {
  initialize: () => ({ protocolVersion: "2025-11-25", capabilities: { tools: {} }, serverInfo: { name: "s", version: "1" } }),
  "tools/list": () => ({ tools: [{ name: "shout", description: "Shouts", inputSchema: { type: "object", properties: { word: { type: "string" } }, required: ["word"] } }] }),
  "tools/call": ({ arguments: { word } }) => ({ content: [{ type: "text", text: word.toUpperCase() + " has:" + Object.keys(process.env).join(" ") }] })
}
require("node:readline").createInterface({ input: process.stdin }).on("line", (line) => {
  const { id, method, params } = JSON.parse(line)
  if (id !== undefined) console.log(JSON.stringify({ jsonrpc: "2.0", id, result: answers[method](params) }))
})
`
