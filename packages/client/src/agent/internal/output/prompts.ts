/** The texts about the form of a response that the model gets. */
import type { Message } from "@kimi-effect/core/Message"
import type { JsonSchema } from "../../ToolSchema.ts"
import type { OutputProblem } from "./readOutput.ts"

/** The shape, for hosts and models that only promise some JSON object. They require the word JSON in the prompt. */
const shape = (jsonSchema: JsonSchema): Message => ({
  role: "system",
  content: [
    "Answer with one JSON object that matches this JSON Schema, and with nothing else: no Markdown and no explanation.",
    "",
    JSON.stringify(jsonSchema)
  ].join("\n")
})

/** Adds the shape after the instructions, where the host's prefix cache covers it. */
export const withShape = (messages: ReadonlyArray<Message>, jsonSchema: JsonSchema): ReadonlyArray<Message> => {
  const first = messages.findIndex(({ role }) => role !== "system")
  return messages.toSpliced(first < 0 ? messages.length : first, 0, shape(jsonSchema))
}

const problemText = ({ issue, reason }: OutputProblem): string =>
  reason === "schema mismatch"
    ? `Your response does not match the JSON Schema: ${issue ?? "it has another shape"}.`
    : "Your response is not one JSON value."

/** Asks for the whole response again. */
export const repair = (problem: OutputProblem): Message => ({
  role: "user",
  content: `${problemText(problem)} Answer again with the whole corrected JSON, and with nothing else.`
})
