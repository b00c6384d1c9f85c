import { readFileSync } from "node:fs"
import { assert, describe, it, vi } from "@effect/vitest"
import { Effect, Random, Schema } from "effect"
import { ChatCompletionRequest, type ModelRequest } from "../src/models/ChatRequest.ts"
import * as Messages from "../src/models/Message.ts"
import type { Message } from "../src/models/Message.ts"
import type { ToolDefinition } from "../src/models/Tool.ts"
import * as TokenCount from "../src/TokenCount.ts"
import { between, type Chance, happens, oneOf } from "./resilience/support/chance.ts"

const request = (messages: ReadonlyArray<Message>, rest: Partial<ModelRequest> = {}): ModelRequest => ({
  model: "kimi-k2.6",
  messages,
  ...rest
})

const user = (content: string): Message => ({ role: "user", content })

const english =
  "Effect programs describe what is to be done, and a runtime does it. The description is a value like any other. "
const chinese = "长上下文的模型可以一次读完整本书,然后回答关于其中任何一章的问题。"
const russian = "Ограничение скорости существует для того, чтобы все клиенты получали ответ вовремя. "
const json = '{"id":"chatcmpl-1","choices":[{"index":0,"delta":{"content":"a"},"finish_reason":null}]},\n'

/** The weight of a text when every character is counted. */
const inFull = (text: string): number => {
  let weight = 0
  for (let i = 0; i < text.length; i++) weight += TokenCount.ofText(text.charAt(i)) === 0 ? 0 : weightAt(text, i)
  return weight
}

/** The weight of one character, from a text short enough to be counted in full. */
const weights = new Map<string, number>()
const weightAt = (text: string, index: number): number => {
  const character = text.charAt(index)
  const known = weights.get(character)
  if (known !== undefined) return known
  const weight = TokenCount.ofText(character.repeat(4_000)) / 4_000
  weights.set(character, weight)
  return weight
}

const within = (part: number, found: number, expected: number, message: string) =>
  assert.isTrue(Math.abs(found - expected) <= part * expected, `${message}: ${found} for ${expected}`)

describe("TokenCount.ofText", () => {
  it("is zero for an empty text only", () => {
    assert.strictEqual(TokenCount.ofText(""), 0)
    for (const text of ["a", "字", "ж", " "]) assert.strictEqual(TokenCount.ofText(text), 1)
  })

  it("weighs characters by their script", () => {
    assert.strictEqual(TokenCount.ofText("a".repeat(350)), 100)
    assert.strictEqual(TokenCount.ofText("é".repeat(350)), 100)
    for (const letter of ["ж", "α", "ש", "ع"]) assert.strictEqual(TokenCount.ofText(letter.repeat(200)), 100)
    for (const letter of ["字", "か", "한", "、"]) assert.strictEqual(TokenCount.ofText(letter.repeat(400)), 300)
    assert.strictEqual(TokenCount.ofText("a".repeat(350) + "ж".repeat(200) + "字".repeat(400)), 500)
  })

  it("weighs the characters at the bounds of alphabets as such", () => {
    const tokens = ["\u024f", "\u0250", "\u2e7f", "\u2e80"].map((character) => TokenCount.ofText(character.repeat(280)))
    assert.deepStrictEqual(tokens, [80, 140, 140, 210])
  })

  it("is slightly too high for English", () => {
    // 23 tokens by every recent tokenizer, including full stops.
    const words = english.split(/[\s,.]+/).filter((word) => word !== "").length + 3
    const count = TokenCount.ofText(english)
    assert.isTrue(count >= words && count <= 1.5 * words, `${count} for ${words}`)
  })

  it.effect("samples a long text within a tenth of a full count", () =>
    Effect.gen(function* () {
      const chance = yield* Random.Random
      const mixed = (length: number) => {
        const pieces: Array<string> = []
        for (let size = 0; size < length;) {
          const piece = oneOf(chance, english, chinese, russian, json).repeat(between(chance, 1, 40))
          pieces.push(piece)
          size += piece.length
        }
        return pieces.join("")
      }
      for (let text = 0; text < 30; text++) {
        const long = mixed(between(chance, 4_000, 200_000))
        within(0.1, TokenCount.ofText(long), inFull(long), `text ${text} of ${long.length}`)
      }
    }).pipe(Random.withSeed("long texts"))
  )

  it("samples a repetitive text correctly", () => {
    for (const period of [2, 3, 4, 5, 7, 8, 10, 16, 32, 64]) {
      for (const ideographs of [1, Math.ceil(period / 2)]) {
        const line = "字".repeat(ideographs).padEnd(period, "a")
        for (const lines of [1_024, 8_192, 20_000]) {
          within(0.1, TokenCount.ofText(line.repeat(lines)), inFull(line) * lines, `${lines} lines of ${period}`)
        }
      }
    }
  })

  it("takes constant time for long texts", () => {
    const look = vi.spyOn(String.prototype, "charCodeAt")
    const looks = [4_000, 35_000, 35_000_000].map((length) => {
      look.mockClear()
      assert.strictEqual(TokenCount.ofText("a".repeat(length)), Math.ceil(length / 3.5))
      return look.mock.calls.length
    })
    look.mockRestore()
    assert.deepStrictEqual(looks, [1_024, 1_024, 1_024])
  })
})

describe("TokenCount.ofPrompt", () => {
  const tool = (name: string): ToolDefinition => ({
    type: "function",
    function: { name, description: english, parameters: { type: "object", properties: {} } }
  })

  it("adds an overhead for every message", () => {
    const one = TokenCount.ofPrompt(request([user("a".repeat(35))]))
    assert.strictEqual(one, 14)
    assert.strictEqual(TokenCount.ofPrompt(request([user("a".repeat(35)), user("a".repeat(35))])), 2 * one)
    assert.strictEqual(TokenCount.ofPrompt(request([])), 0)
  })

  it("counts the parts of a message by their type", () => {
    const url = { url: "data:image/png;base64,AAAA" }
    const text = { type: "text", text: "a".repeat(35) } as const
    const image = { type: "image_url", image_url: url } as const
    const video = { type: "video_url", video_url: url } as const
    const count = (...content: ReadonlyArray<typeof text | typeof image | typeof video>) =>
      TokenCount.ofPrompt(request([{ role: "user", content }]))
    assert.strictEqual(count(text), 14)
    assert.strictEqual(count(text, image), 14 + 1_024)
    assert.strictEqual(count(text, text, image, image, video), 24 + 2 * 1_024 + 8_192)
  })

  it("does not count the bytes of an image as text", () => {
    const image = { type: "image_url", image_url: { url: `data:image/png;base64,${"A".repeat(1_000_000)}` } } as const
    assert.isBelow(TokenCount.ofPrompt(request([{ role: "user", content: [image] }])), 2_000)
  })

  it("counts all that earlier responses contain", () => {
    const plain: Message = { role: "assistant", content: "a".repeat(35) }
    assert.strictEqual(TokenCount.ofPrompt(request([plain])), 14)
    assert.strictEqual(TokenCount.ofPrompt(request([{ ...plain, reasoning_content: "a".repeat(70) }])), 34)
    const called: Message = {
      role: "assistant",
      content: null,
      tool_calls: [{ id: "a_0", type: "function", function: { name: "a".repeat(7), arguments: "a".repeat(35) } }]
    }
    assert.strictEqual(TokenCount.ofPrompt(request([called])), 4 + 4 + 2 + 10)
  })

  it("counts each tools object once", () => {
    let turnedToText = 0
    const tools: Array<ToolDefinition> = [tool("a"), tool("b")]
    Object.defineProperty(tools, "toJSON", {
      value: () => {
        turnedToText++
        return [...tools]
      }
    })
    const count = TokenCount.ofPrompt(request([], { tools }))
    assert.strictEqual(count, TokenCount.ofText(JSON.stringify([...tools])))
    assert.strictEqual(TokenCount.ofPrompt(request([], { tools })), count)
    assert.strictEqual(turnedToText, 1)
    assert.isAbove(TokenCount.ofPrompt(request([], { tools: [...tools, tool("c")] })), count)
  })

  const fixtures = new URL("../../testing/fixtures/kimi/", import.meta.url)
  const Recorded = Schema.Struct({
    request: ChatCompletionRequest,
    body: Schema.Struct({ usage: Schema.Struct({ prompt_tokens: Schema.Int }) })
  })
  const recorded = (file: string) =>
    Schema.decodeUnknownSync(Recorded)(JSON.parse(readFileSync(new URL(file, fixtures), "utf8")))

  it("is within a tenth of the host's count for recorded requests", () => {
    for (const file of [
      "plain-01-length-empty-content.json",
      "plain-02-stop-uncached.json",
      "plain-03-reasoning-cached.json",
      "plain-04-tool-calls.json"
    ]) {
      const { body, request } = recorded(file)
      within(0.1, TokenCount.ofPrompt(request), body.usage.prompt_tokens, file)
    }
  })

  it("adds the host's preamble for K3 models only", () => {
    const count = (model: string) => TokenCount.ofPrompt(request([user("Hello world!")], { model }))
    assert.strictEqual(count("kimi-k3"), 88)
    assert.strictEqual(count("moonshotai/kimi-k3"), 88)
    for (const model of ["kimi-k2.6", "kimi-k2-turbo-preview", "somebody/else"]) assert.strictEqual(count(model), 8)
  })

  interface Kind {
    readonly text: string
    readonly fewest: number
    readonly most: number
  }

  /** Bounds of the count of every tokenizer, by kind of text. */
  const kinds: readonly [Kind, ...ReadonlyArray<Kind>] = [
    { text: english, fewest: 1 / 5.5, most: 1 / 2.5 },
    { text: chinese, fewest: 0.45, most: 1.1 }
  ]

  const anyText = (chance: Chance) => {
    let text = ""
    let fewest = 0
    let most = 0
    for (let piece = between(chance, 1, 30); piece > 0; piece--) {
      const kind = oneOf(chance, ...kinds)
      text += kind.text
      fewest += kind.text.length * kind.fewest
      most += kind.text.length * kind.most
    }
    return { text, fewest, most }
  }

  it.effect("stays within 0.6 to 2.5 times the count of tokenizers", () =>
    Effect.gen(function* () {
      const chance = yield* Random.Random
      for (let number = 0; number < 200; number++) {
        const { fewest, most, text } = anyText(chance)
        const count = TokenCount.ofPrompt(
          request([happens(chance, 0.5) ? user(text) : { role: "system", content: text }])
        )
        assert.isAtLeast(count, 0.6 * most)
        assert.isAtMost(count, 2.5 * fewest)
      }
    }).pipe(Random.withSeed("what tokenizers make of it"))
  )
})

describe("TokenCount.maxOutput", () => {
  const messages = [user("Hi")]

  it("is the maximum of the request, by either name", () => {
    for (const model of ["kimi-k3", "somebody/else"]) {
      assert.strictEqual(TokenCount.maxOutput({ model, messages, max_completion_tokens: 7, max_tokens: 9 }, 5), 7)
      assert.strictEqual(TokenCount.maxOutput({ model, messages, max_tokens: 9 }, 5), 9)
    }
  })

  it("is otherwise the model's default, the rest of its window, or an assumed limit", () => {
    const count = (model: string, prompt: number) => TokenCount.maxOutput({ model, messages }, prompt)
    assert.strictEqual(count("kimi-k3", 5), 131_072)
    assert.strictEqual(count("kimi-k3.1-pro", 5), 131_072)
    assert.strictEqual(count("kimi-k2.7-code", 5), 32_768)
    assert.strictEqual(count("kimi-k2.6", 5), 32_768)
    assert.strictEqual(count("kimi-k2-0905-preview", 5), 262_139)
    assert.strictEqual(count("moonshot-v1-8k", 8_000), 192)
    assert.strictEqual(count("moonshot-v1-8k", 9_000), 0)
    assert.strictEqual(count("somebody/else", 5), 32_768)
  })

  it("is part of the admission tokens", () => {
    assert.strictEqual(TokenCount.admissionTokens(request([user("a".repeat(35))], { max_completion_tokens: 100 })), 114)
    assert.strictEqual(TokenCount.admissionTokens({ model: "moonshot-v1-8k", messages: [user("a".repeat(35))] }), 8_192)
    assert.strictEqual(TokenCount.admissionTokens({ model: "kimi-k3", messages: [user("Hello world!")] }), 88 + 131_072)
  })
})

describe("TokenCount.maxCompletion", () => {
  const request: ModelRequest = { model: "unknown", messages: [{ role: "user", content: "Hi" }] }

  it("is the limit of a request for each of its choices", () => {
    assert.strictEqual(TokenCount.maxCompletion({ ...request, max_completion_tokens: 7, n: 3 }), 21)
  })

  it("has the higher limit of extra_body", () => {
    const extra_body = { max_tokens: 9, n: 2 }
    assert.strictEqual(TokenCount.maxCompletion({ ...request, max_completion_tokens: 7, extra_body }), 18)
  })

  it("is within the window of the model", () => {
    const endless = { ...request, model: "kimi-k3", max_completion_tokens: 1e12 }
    assert.strictEqual(TokenCount.maxCompletion(endless), 1_048_576)
  })

  it("is the default for each choice of a request without a limit", () => {
    assert.strictEqual(TokenCount.maxCompletion(request, 20), 20)
    assert.strictEqual(TokenCount.maxCompletion({ ...request, extra_body: { n: 4 } }, 20), 80)
    assert.strictEqual(TokenCount.maxCompletion({ ...request, max_tokens: 30 }, 20), 30)
  })

  it("is at most what a model generates without a limit", () => {
    assert.strictEqual(TokenCount.maxCompletion(request, 1e9), 32_768)
  })
})

describe("ofMessage", () => {
  it("adds up to the prompt", () => {
    const messages = [
      Messages.system("Be brief."),
      Messages.user([
        { type: "text", text: "What is this?" },
        { type: "image_url", image_url: "ms://1" }
      ]),
      Messages.assistant("", { reasoning_content: "Hm", tool_calls: [] })
    ]
    const total = messages.reduce((tokens, message) => tokens + TokenCount.ofMessage(message), 0)
    assert.strictEqual(TokenCount.ofPrompt({ model: "", messages }), total)
  })

  it("counts tools that a message loads", () => {
    const tools = [{ type: "function", function: { name: "f", description: "x".repeat(350) } }] as const
    assert.isAbove(TokenCount.ofMessage({ role: "system", tools }), 100)
  })
})
