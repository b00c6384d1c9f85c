/** Whole responses, and objects. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { equal, failureOf } from "../expect.ts"
import { formatOf, greeting, hello, messagesOf, says, type Subject, summaryOf } from "./Subject.ts"

const Day = Schema.Struct({ name: Schema.String, date: Schema.DateTimeUtc })
const day = { name: "Friday", date: "2026-11-27T00:00:00.000Z" }

const registerObjects = ({ test }: Subject): void => {
  test("returns the value of an object", [says(JSON.stringify(day))], ({ model }) =>
    Effect.gen(function* () {
      const { value } = yield* model.generateObject({ prompt: hello, schema: Day })
      equal(Schema.encodeSync(Schema.toCodecJson(Day))(value), day)
    })
  )

  test("fails an object that does not match its schema", [says('{"name":7}')], ({ model }) =>
    Effect.gen(function* () {
      const call = model.generateObject({ prompt: hello, schema: Day })
      const error = yield* failureOf(call, "the object was returned")
      equal(error.reason._tag, "StructuredOutputError")
    })
  )

  test("asks for an object as JSON", [says(JSON.stringify(day))], ({ model, requests }) =>
    Effect.gen(function* () {
      yield* Effect.exit(model.generateObject({ prompt: hello, schema: Day }))
      const format = formatOf((yield* requests)[0])
      equal(format === "json_schema" || format === "json_object", true)
    })
  )
}

export const register = (subject: Subject): void => {
  const { test } = subject

  test("returns the text of a response", [greeting], ({ model }) =>
    Effect.gen(function* () {
      equal((yield* model.generateText({ prompt: hello })).text, "Hello to you too!")
    })
  )

  test("returns the reasoning of a response", [greeting], ({ model }) =>
    Effect.gen(function* () {
      equal((yield* model.generateText({ prompt: hello })).reasoningText, "They greet me.")
    })
  )

  test("reports the tokens of a response", [greeting], ({ model }) =>
    Effect.gen(function* () {
      const { inputTokens, outputTokens } = (yield* model.generateText({ prompt: hello })).usage
      equal([inputTokens.total, inputTokens.cacheRead, outputTokens.total, outputTokens.reasoning], [10, 4, 20, 5])
    })
  )

  test("returns why a response ended", [says("Hel", { finishReason: "length" })], ({ model }) =>
    Effect.gen(function* () {
      const { content } = yield* model.generateText({ prompt: hello })
      equal(summaryOf(content).finish, "length")
    })
  )

  test("sends the messages of a prompt", [greeting], ({ model, requests }) =>
    Effect.gen(function* () {
      const prompt = [
        { role: "system" as const, content: "Be brief." },
        { role: "user" as const, content: hello }
      ]
      yield* Effect.exit(model.generateText({ prompt }))
      const messages = messagesOf((yield* requests)[0])
      equal(
        messages.map(({ content, role }) => [role, content]),
        [
          ["system", "Be brief."],
          ["user", hello]
        ]
      )
    })
  )
  registerObjects(subject)
}
