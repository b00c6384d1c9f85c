/** Calls the worker as its runtime does: with a web `Request`, and with its settings as an argument. */
import worker from "./worker.ts"

const env = { KIMI_API_KEY: process.env["KIMI_API_KEY"] ?? "", KIMI_BASE_URL: process.env["KIMI_BASE_URL"] ?? "" }
const url = "https://worker.example/?question=Hello%20world!"

const answer = await worker.fetch(new Request(url), env)
process.stdout.write(`${answer.status}: ${JSON.stringify(await answer.json())}\n`)

const stream = await worker.fetch(new Request(url, { headers: { accept: "text/event-stream" } }), env)
const events = (await stream.text()).trim().split("\n\n")
process.stdout.write(`${stream.status}: ${events.length} events, the last is ${events.at(-1)}\n`)

const invalid = await worker.fetch(new Request("https://worker.example/"), env)
process.stdout.write(`${invalid.status}: ${JSON.stringify(await invalid.json())}\n`)
