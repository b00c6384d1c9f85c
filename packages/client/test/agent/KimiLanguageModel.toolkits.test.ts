import { assert, describe, it } from "@effect/vitest"
import { Reply } from "@kimi-effect/testing"
import { Effect, Schema, Stream } from "effect"
import { Chat, LanguageModel, McpClient, Prompt, type Response, Tool, Toolkit } from "effect/ai"
import * as KimiTool from "../../src/agent/KimiTool.ts"
import { bodies, lastMessages, withModel } from "./support/languageModel.ts"

const resultsOf = (response: { readonly content: ReadonlyArray<Response.AnyPart> }) =>
  response.content.flatMap((part) => (part.type === "tool-result" ? [part.result] : []))

describe("the tool choice", () => {
  const Two = Toolkit.make(Tool.make("one_tool"), Tool.make("two_tool"))
  const handlers = Two.toLayer({ one_tool: () => Effect.void, two_tool: () => Effect.void })
  type Choice = LanguageModel.ToolChoice<"one_tool" | "two_tool">
  const cases: ReadonlyArray<readonly [Choice, unknown, ReadonlyArray<string>]> = [
    ["auto", undefined, ["one_tool", "two_tool"]],
    ["none", "none", ["one_tool", "two_tool"]],
    ["required", "required", ["one_tool", "two_tool"]],
    [{ tool: "two_tool" }, "required", ["two_tool"]],
    [{ oneOf: ["one_tool"] }, undefined, ["one_tool"]],
    [{ mode: "required", oneOf: ["one_tool"] }, "required", ["one_tool"]]
  ]

  it.live.each(cases)("is sent in the words of the host: %j", ([toolChoice, sent, names]) =>
    withModel((server) =>
      Effect.gen(function* () {
        yield* server.reply(Reply.text("Hi."))
        yield* LanguageModel.generateText({ prompt: "Hello", toolkit: Two, toolChoice }).pipe(Effect.provide(handlers))
        const [body] = yield* bodies(server)
        assert.strictEqual(body?.["tool_choice"], sent)
        const tools = body?.["tools"] as ReadonlyArray<{ readonly function: { readonly name: string } }>
        assert.deepStrictEqual(
          tools.map((tool) => tool.function.name),
          names
        )
      })
    )
  )
})

describe("a tool of the host", () => {
  const Search = Toolkit.make(KimiTool.webSearch)
  const settings = { model: "kimi-k2.6", thinking: { type: "disabled" } } as const

  it.live("gets its arguments back as its result", () =>
    withModel(
      (server) =>
        Effect.gen(function* () {
          const chat = yield* Chat.empty
          const text = '{"search_result": {"search_id": "1"}}'
          yield* server.reply(Reply.toolCalls([{ name: "$web_search", arguments: text }]), Reply.text("Found."))
          yield* chat.generateText({ prompt: "Search", toolkit: Search })
          yield* chat.generateText({ prompt: [], toolkit: Search })
          const [body] = yield* bodies(server)
          assert.deepStrictEqual(body?.["tools"], [{ type: "builtin_function", function: { name: "$web_search" } }])
          const messages = yield* lastMessages(server)
          assert.strictEqual(messages[2]?.["content"], text)
        }),
      settings
    )
  )
})

describe("the images of a tool's result", () => {
  it.live("are sent as images", () =>
    withModel((server) =>
      Effect.gen(function* () {
        const Camera = Toolkit.make(
          Tool.make("take_photo", {
            success: Schema.Uint8Array,
            toModelOutput: (data) => [Prompt.filePart({ mediaType: "image/png", data })]
          })
        )
        const handlers = Camera.toLayer({ take_photo: () => Effect.succeed(new Uint8Array([1, 2, 3])) })
        const chat = yield* Chat.empty
        yield* server.reply(Reply.toolCalls([{ name: "take_photo" }]))
        yield* chat.generateText({ prompt: "Look", toolkit: Camera }).pipe(Effect.provide(handlers))
        yield* chat.generateText({ prompt: [], toolkit: Camera }).pipe(Effect.provide(handlers))
        assert.deepStrictEqual((yield* lastMessages(server))[2]?.["content"], [
          { type: "image_url", image_url: { url: "data:image/png;base64,AQID" } }
        ])
      })
    )
  )
})

describe("the name of a tool", () => {
  it.live("is mapped to one that the host accepts", () =>
    withModel((server) =>
      Effect.gen(function* () {
        const List = Toolkit.make(Tool.make("list files", { success: Schema.String }))
        const handlers = List.toLayer({ "list files": () => Effect.succeed("a.txt") })
        const chat = yield* Chat.empty
        yield* server.reply(Reply.toolCalls([{ name: "list_files" }]))
        const response = yield* chat.generateText({ prompt: "List", toolkit: List }).pipe(Effect.provide(handlers))
        assert.deepStrictEqual(resultsOf(response), ["a.txt"])
        assert.strictEqual(response.toolCalls[0]?.name, "list files")
        yield* chat.generateText({ prompt: [], toolkit: List }).pipe(Effect.provide(handlers))
        const [, assistant] = yield* lastMessages(server)
        assert.include(JSON.stringify(assistant), '"name":"list_files"')
      })
    )
  )
})

describe("a tool with a JSON Schema", () => {
  const Search = Toolkit.make(
    Tool.dynamic("search_docs", {
      description: "Search",
      parameters: { type: "object", properties: { query: { type: "string", title: "Query" } }, required: ["query"] },
      success: Schema.String
    })
  )
  const handlers = Search.toLayer({ search_docs: (input) => Effect.succeed(JSON.stringify(input)) })

  it.live("is not run with arguments that do not match it", () =>
    withModel((server) =>
      Effect.gen(function* () {
        yield* server.reply(Reply.toolCalls([{ name: "search_docs", arguments: { query: 7 } }]))
        const response = yield* LanguageModel.generateText({ prompt: "Search", toolkit: Search }).pipe(
          Effect.provide(handlers)
        )
        assert.deepStrictEqual(resultsOf(response), [
          "The arguments of search_docs do not match its parameters: query: Expected string. Call it again with valid arguments."
        ])
      })
    )
  )

  it.live("gets the arguments as they are", () =>
    withModel((server) =>
      Effect.gen(function* () {
        yield* server.reply(Reply.toolCalls([{ name: "search_docs", arguments: { query: "a", more: 1 } }]))
        const parts = yield* LanguageModel.streamText({ prompt: "Search", toolkit: Search }).pipe(
          Stream.runCollect,
          Effect.provide(handlers)
        )
        assert.deepStrictEqual(resultsOf({ content: parts }), ['{"query":"a","more":1}'])
      })
    )
  )
})

describe("the tools of an MCP server", () => {
  it.live("are described to the host, which calls them", () =>
    withModel((server) =>
      Effect.gen(function* () {
        const called: Array<unknown> = []
        const tool = {
          name: "read",
          description: "Reads a file",
          inputSchema: { type: "object", properties: { path: { type: "string" } }, required: ["path"] }
        }
        // The members that a toolkit uses.
        const client = {
          listTools: () => Effect.succeed([tool]),
          callTool: (call: unknown) =>
            Effect.sync(() => {
              called.push(call)
              return { content: [{ type: "text", text: "# Title" }] }
            })
        } as unknown as McpClient.McpClient
        const toolkit = yield* McpClient.toolkit(client, "docs_")
        yield* server.reply(Reply.toolCalls([{ name: "docs_read", arguments: { path: "a.md" } }]))
        const response = yield* LanguageModel.generateText({ prompt: "Read", toolkit })
        assert.lengthOf(called, 1)
        assert.include(JSON.stringify(resultsOf(response)), "# Title")
      })
    )
  )
})
