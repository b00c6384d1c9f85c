import { assert, describe, it } from "@effect/vitest"
import { Reply } from "@kimi-effect/testing"
import { Effect, ExecutionPlan, Layer, Schema } from "effect"
import { AiError, Chat, LanguageModel, Model, Prompt } from "effect/ai"
import { Persistence } from "effect/persistence"
import * as AiErrors from "../../src/agent/AiErrors.ts"
import * as KimiLanguageModel from "../../src/agent/KimiLanguageModel.ts"
import { KimiClient } from "../../src/KimiClient.ts"
import { connect } from "../node/support/kimi.ts"
import { bodies, lastMessages, withModel } from "./support/languageModel.ts"
import { MockServer } from "@kimi-effect/testing/node"

const hello = LanguageModel.generateText({ prompt: "Hello" })

describe("generateText", () => {
  it.live("returns the text of the response", () =>
    withModel((server) =>
      Effect.gen(function* () {
        yield* server.reply(Reply.text("Hi."))
        assert.strictEqual((yield* hello).text, "Hi.")
      })
    )
  )

  it.live("returns the reasoning of the response", () =>
    withModel((server) =>
      Effect.gen(function* () {
        yield* server.reply(Reply.text("Hi.", { reasoning: "A greeting." }))
        assert.strictEqual((yield* hello).reasoningText, "A greeting.")
      })
    )
  )

  it.live("reports cached tokens as a part of the prompt", () =>
    withModel((server) =>
      Effect.gen(function* () {
        const usage = {
          prompt_tokens: 100,
          completion_tokens: 50,
          cached_tokens: 64,
          reasoning_tokens: 20
        }
        yield* server.reply(Reply.text("Hi.", { usage }))
        const { inputTokens, outputTokens } = (yield* hello).usage
        assert.deepStrictEqual({ ...inputTokens }, { total: 100, uncached: 36, cacheRead: 64, cacheWrite: 0 })
        assert.deepStrictEqual({ ...outputTokens }, { total: 50, text: 30, reasoning: 20 })
      })
    )
  )

  it.live("identifies the response", () =>
    withModel((server) =>
      Effect.gen(function* () {
        yield* server.reply(Reply.text("Hi."))
        const part = (yield* hello).content.find(({ type }) => type === "response-metadata")
        if (part?.type !== "response-metadata") return assert.fail("no metadata")
        assert.strictEqual(part.modelId, "kimi-k3")
        assert.strictEqual(part.metadata.kimi?.provider, "moonshot")
        assert.isFalse(part.metadata.kimi?.isCached)
      })
    )
  )

  it.live.each([
    ["stop", "stop"],
    ["length", "length"],
    ["content_filter", "content-filter"],
    ["eos", "stop"],
    ["something_new", "other"]
  ] as const)("returns the finish reason %s as %s", ([word, reason]) =>
    withModel((server) =>
      Effect.gen(function* () {
        yield* server.reply(Reply.text("Hi.", { finishReason: word }))
        const response = yield* hello
        assert.strictEqual(response.finishReason, reason)
        const finish = response.content.at(-1)
        assert.strictEqual(finish?.type === "finish" ? finish.metadata.kimi?.finishReason : undefined, word)
      })
    )
  )
})

describe("the settings of a model", () => {
  it.live("are members of each request", () =>
    withModel(
      (server) =>
        Effect.gen(function* () {
          yield* hello
          const [body] = yield* bodies(server)
          assert.strictEqual(body?.["model"], "kimi-k3")
          assert.strictEqual(body?.["reasoning_effort"], "low")
          assert.strictEqual(body?.["prompt_cache_key"], "session-1")
          assert.strictEqual(body?.["max_completion_tokens"], 500)
        }),
      { model: "kimi-k3", reasoning_effort: "low", prompt_cache_key: "session-1", max_completion_tokens: 500 }
    )
  )

  it.live("are no members of the request when they are about the model's use", () =>
    withModel(
      (server) =>
        Effect.gen(function* () {
          yield* hello
          assert.deepStrictEqual(Object.keys((yield* bodies(server))[0] ?? {}).toSorted(), ["messages", "model"])
        }),
      { toolConcurrency: 2, objectFormat: "json_object" }
    )
  )

  it.live("can be overridden for an effect", () =>
    withModel(
      (server) =>
        Effect.gen(function* () {
          yield* hello.pipe(
            KimiLanguageModel.withConfigOverride({ reasoning_effort: "high" }),
            KimiLanguageModel.withConfigOverride({ reasoning_effort: "max", prompt_cache_key: "b" })
          )
          const [body] = yield* bodies(server)
          assert.deepStrictEqual(
            [body?.["reasoning_effort"], body?.["prompt_cache_key"], body?.["safety_identifier"]],
            ["high", "b", "u"]
          )
        }),
      { reasoning_effort: "low", prompt_cache_key: "a", safety_identifier: "u" }
    )
  )
})

describe("generateObject", () => {
  const Meeting = Schema.Struct({ title: Schema.String, on: Schema.DateTimeUtc })
  const schema = Meeting.annotate({ identifier: "Meeting" })
  const meeting = Schema.decodeSync(Schema.toCodecJson(Meeting))({ title: "Review", on: "2026-11-28T10:00:00Z" })
  const generate = LanguageModel.generateObject({ prompt: "The review is on 28 November", schema })

  it.live("decodes the JSON form that was described", () =>
    withModel((server) =>
      Effect.gen(function* () {
        yield* server.reply(Reply.object(Meeting, meeting))
        assert.deepStrictEqual((yield* generate).value, meeting)
      })
    )
  )

  it.live("has the host enforce the schema", () =>
    withModel((server) =>
      Effect.gen(function* () {
        yield* server.reply(Reply.object(Meeting, meeting))
        yield* generate
        const [body] = yield* bodies(server)
        assert.deepStrictEqual(body?.["response_format"], {
          type: "json_schema",
          json_schema: {
            name: "Meeting",
            strict: true,
            schema: {
              type: "object",
              properties: { title: { type: "string" }, on: { type: "string" } },
              required: ["title", "on"],
              additionalProperties: false
            }
          }
        })
      })
    )
  )

  it.live("writes the schema into the prompt in the format json_object", () =>
    withModel(
      (server) =>
        Effect.gen(function* () {
          yield* server.reply(Reply.object(Meeting, meeting))
          yield* generate
          const [body] = yield* bodies(server)
          assert.deepStrictEqual(body?.["response_format"], { type: "json_object" })
          const [instruction, user] = yield* lastMessages(server)
          assert.strictEqual(instruction?.["role"], "system")
          assert.include(`${String(instruction?.["content"])}`, '"required":["title","on"]')
          assert.strictEqual(user?.["role"], "user")
        }),
      { objectFormat: "json_object" }
    )
  )

  it.live("writes the schema into the prompt when the host refuses to enforce it", () =>
    withModel((server) =>
      Effect.gen(function* () {
        const refusal = Reply.invalidRequest({ message: "response_format json_schema is not supported" })
        yield* server.reply(refusal, Reply.object(Meeting, meeting))
        assert.deepStrictEqual((yield* generate).value, meeting)
        const formats = (yield* bodies(server)).map((body) => body["response_format"])
        assert.deepStrictEqual(formats.at(-1), { type: "json_object" })
        assert.lengthOf(formats, 2)
      })
    )
  )

  it.live("does not repeat a request that was refused for another reason", () =>
    withModel((server) =>
      Effect.gen(function* () {
        yield* server.reply(Reply.invalidRequest({ message: "unknown model" }), Reply.object(Meeting, meeting))
        yield* Effect.flip(generate)
        assert.lengthOf(yield* server.requests, 1)
      })
    )
  )

  it.live("fails a schema that the host cannot express before sending anything", () =>
    withModel((server) =>
      Effect.gen(function* () {
        const tuple = Schema.Struct({ pair: Schema.Tuple([Schema.String, Schema.Finite]) })
        const error = yield* Effect.flip(LanguageModel.generateObject({ prompt: "Hi", schema: tuple }))
        assert.strictEqual(error.reason._tag, "UnsupportedSchemaError")
        assert.strictEqual(AiErrors.fromAiError(error)?._tag, "ToolSchemaError")
        assert.lengthOf(yield* server.requests, 0)
      })
    )
  )
})

describe("the files of a prompt", () => {
  const send = (file: Parameters<typeof Prompt.filePart>[0]) =>
    withModel((server) =>
      Effect.gen(function* () {
        const text = Prompt.textPart({ text: "Describe" })
        const prompt = Prompt.fromMessages([Prompt.userMessage({ content: [text, Prompt.filePart(file)] })])
        yield* LanguageModel.generateText({ prompt })
        return (yield* lastMessages(server))[0]?.["content"]
      })
    )
  const text = { type: "text", text: "Describe" }
  const image = (url: string) => [text, { type: "image_url", image_url: { url } }]

  it.live("are data URLs when they are bytes", () =>
    Effect.map(send({ mediaType: "image/png", data: new Uint8Array([1, 2, 3]) }), (content) =>
      assert.deepStrictEqual(content, image("data:image/png;base64,AQID"))
    )
  )

  it.live("are data URLs when they are base64", () =>
    Effect.map(send({ mediaType: "image/png", data: "AQID" }), (content) =>
      assert.deepStrictEqual(content, image("data:image/png;base64,AQID"))
    )
  )

  const png = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 1, 2])

  it.live.each([png, Buffer.from(png).toString("base64")])("get their exact type from their bytes: %#", (data) =>
    Effect.map(send({ mediaType: "image/*", data }), (content) =>
      assert.deepStrictEqual(content, image("data:image/png;base64,iVBORw0KGgoBAg=="))
    )
  )

  it.live("can be uploaded files", () =>
    Effect.map(send({ mediaType: "image/*", data: "ms://file-1" }), (content) =>
      assert.deepStrictEqual(content, image("ms://file-1"))
    )
  )

  it.live("can be videos", () =>
    Effect.map(send({ mediaType: "video/mp4", data: new URL("ms://file-1") }), (content) =>
      assert.deepStrictEqual(content, [text, { type: "video_url", video_url: { url: "ms://file-1" } }])
    )
  )

  it.live.each([
    { mediaType: "image/png", data: new URL("https://example.com/a.png") },
    { mediaType: "image/png", data: "https://example.com/a.png" },
    { mediaType: "image/*", data: new Uint8Array([1]) },
    { mediaType: "application/pdf", data: new Uint8Array([1]) }
  ])("are refused in forms that the host does not read: %o", (file) =>
    Effect.map(Effect.flip(send(file)), (error) => {
      if (!AiError.isAiError(error)) return assert.fail("no AiError")
      assert.strictEqual(error.reason._tag, "InvalidRequestError")
      assert.strictEqual(AiErrors.fromAiError(error)?._tag, "UnsupportedMediaError")
    })
  )
})

describe("model", () => {
  it.live("is a step of an execution plan", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const server = yield* MockServer.make()
        const client = Layer.succeed(KimiClient, yield* connect(server))
        yield* server.reply(Reply.serverError(), Reply.text("Hi."))
        const plan = ExecutionPlan.make(
          { provide: Layer.provide(KimiLanguageModel.model("kimi-k3"), client) },
          { provide: Layer.provide(KimiLanguageModel.model("kimi-k2.6"), client) }
        )
        const program = Effect.gen(function* () {
          const { text } = yield* hello
          return [yield* Model.ModelName, yield* Model.ProviderName, text]
        })
        assert.deepStrictEqual(yield* Effect.withExecutionPlan(program, plan), ["kimi-k2.6", "moonshot_ai", "Hi."])
        assert.deepStrictEqual(
          (yield* bodies(server)).map((body) => body["model"]),
          ["kimi-k3", "kimi-k2.6"]
        )
      })
    )
  )
})

describe("Chat.layerPersisted", () => {
  it.live("restores a conversation that the host accepts", () =>
    withModel((server) =>
      Effect.gen(function* () {
        const persistence = yield* Chat.Persistence
        yield* server.reply(Reply.text("Hi.", { reasoning: "A greeting." }))
        const first = yield* persistence.getOrCreate("one")
        yield* first.generateText({ prompt: "Hello" })
        const second = yield* persistence.get("one")
        yield* second.generateText({ prompt: "Go on" })
        assert.deepStrictEqual(yield* lastMessages(server), [
          { role: "user", content: "Hello" },
          { role: "assistant", content: "Hi.", reasoning_content: "A greeting." },
          { role: "user", content: "Go on" }
        ])
      }).pipe(Effect.provide(Layer.provide(Chat.layerPersisted({ storeId: "chats" }), Persistence.layerBackingMemory)))
    )
  )
})
