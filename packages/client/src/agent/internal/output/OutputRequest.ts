/** The requests of structured output: the first one, in either format, and those of its repairs. */
import type { ChatRequest } from "@kimi-effect/core/ChatRequest"
import type { ChatResponse } from "@kimi-effect/core/ChatResponse"
import type { Message } from "@kimi-effect/core/Message"
import { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import * as Result from "effect/Result"
import type { Format, Options } from "../../StructuredOutput.ts"
import type { OutputSchema } from "./OutputSchema.ts"
import { repair, withShape } from "./prompts.ts"
import type { OutputProblem } from "./readOutput.ts"

type Question = Pick<Options<never>, "messages" | "prompt" | "system">

/** The conversation that is asked. */
export const messagesOf = ({
  messages = [],
  prompt,
  system
}: Question): Result.Result<ReadonlyArray<Message>, InvalidRequestError> => {
  const all: ReadonlyArray<Message> = [
    ...(system === undefined ? [] : [{ role: "system", content: system } as const]),
    ...messages,
    ...(prompt === undefined ? [] : [{ role: "user", content: prompt } as const])
  ]
  return all.length > 0
    ? Result.succeed(all)
    : Result.fail(new InvalidRequestError({ message: "There are no messages and no prompt", parameter: "prompt" }))
}

/** The conversation with a response that cannot be used, and what is wrong with it. */
export const messagesOfRepair = (
  messages: ReadonlyArray<Message>,
  { message }: ChatResponse,
  problem: OutputProblem
): ReadonlyArray<Message> => [...messages, message, repair(problem)]

const responseFormat = (
  format: Format,
  { description, name = "output" }: Pick<Options<never>, "description" | "name">,
  { jsonSchema }: OutputSchema
): NonNullable<ChatRequest["response_format"]> =>
  format === "json_object"
    ? { type: "json_object" }
    : {
        type: "json_schema",
        json_schema: { name, schema: jsonSchema, ...(description === undefined ? {} : { description }) }
      }

/** The request of a conversation. The shape is in the prompt where the format does not include it. */
export const requestOf = (
  messages: ReadonlyArray<Message>,
  format: Format,
  options: Pick<Options<never>, "description" | "name" | "request">,
  schema: OutputSchema
): ChatRequest => ({
  ...options.request,
  messages: format === "json_object" ? withShape(messages, schema.jsonSchema) : messages,
  response_format: responseFormat(format, options, schema)
})
