/**
 * The official formulas: their functions, and the results of calls. Names and
 * the form of responses are those of Moonshot's guide to official tools; the
 * functions are invented, one for each formula.
 */
import * as Predicate from "effect/Predicate"
import * as Reply from "../../Reply.ts"

const names = [
  "base64",
  "code-runner",
  "convert",
  "date",
  "excel",
  "fetch",
  "memory",
  "mew",
  "quickjs",
  "random-choice",
  "rethink",
  "web-search"
]

/** Function names have no hyphen. */
const functionOf = (name: string): string => name.replaceAll("-", "_")

const definition = (name: string) => ({
  type: "function",
  function: {
    name: functionOf(name),
    description: `The official tool ${name}`,
    parameters: {
      type: "object",
      properties: { query: { type: "string", description: "What to work on" } },
      required: ["query"]
    }
  }
})

/** Search results are encrypted for the model. */
const outputOf = (name: string): Readonly<Record<string, string>> =>
  name === "web-search"
    ? { encrypted_output: "----MOONSHOT ENCRYPTED BEGIN----c2VhcmNo----MOONSHOT ENCRYPTED END----" }
    : { output: `The output of ${name}` }

const pathOf = (name: string): string => `/v1/formulas/moonshot/${name}:latest`

/** Responses to the routes of formulas, by method and path. */
export const routes: ReadonlyArray<readonly [route: string, reply: Reply.Explicit]> = names.flatMap((name) => [
  [`GET ${pathOf(name)}/tools`, Reply.json({ object: "list", tools: [definition(name)] })] as const,
  [`POST ${pathOf(name)}/fibers`, Reply.json({ status: "succeeded", context: outputOf(name) })] as const
])

const isJsonObject = (text: unknown): boolean => {
  if (typeof text !== "string") return false
  try {
    return Predicate.isObject(JSON.parse(text))
  } catch {
    return false
  }
}

/** The message of the rejection of a call, if it is rejected. */
export const checkFiber = (route: string, json: unknown): string | undefined => {
  const name = names.find((one) => route === `POST ${pathOf(one)}/fibers`)
  if (name === undefined) return undefined
  const body = Predicate.isObject(json) ? (json as { readonly [member: string]: unknown }) : {}
  if (body["name"] !== functionOf(name)) return `Invalid request: the formula has no function ${String(body["name"])}`
  return isJsonObject(body["arguments"]) ? undefined : "Invalid request: arguments must be the text of a JSON object"
}
