import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as ErrorReply from "@kimi-effect/testing/ErrorReply"
import * as Fault from "@kimi-effect/testing/Fault"
import * as Reply from "@kimi-effect/testing/Reply"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { decoded, withServer } from "../mockedHost.ts"
import { runKimi } from "../runKimi.ts"
import { temporaryFolder } from "../temporaryFolder.ts"

const image = Effect.map(temporaryFolder, (folder) => {
  const path = join(folder, "dot.png")
  const dot = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
  writeFileSync(path, Buffer.from(dot, "base64"))
  return path
})

describe("kimi chat", () => {
  it.live("answers the words of the command line", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const { code, stdout } = yield* runKimi(["chat", "Hello", "world!"], { env })
        assert.strictEqual(code, 0)
        assert.include(stdout, "Hello!")
        const [request] = yield* server.requests
        assert.include(request?.body ?? "", "Hello world!")
      })
    )
  )

  it.live("adds what is piped after the prompt", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        yield* runKimi(["chat", "Review"], { env, stdin: "a diff\n" })
        assert.include((yield* server.requests)[0]?.body ?? "", String.raw`Review\n\na diff`)
      })
    )
  )

  it.live("writes the response as the documented document", () =>
    withServer((_, env) =>
      Effect.gen(function* () {
        const { stdout } = yield* runKimi(["chat", "--json", "Hi"], { env })
        const { cost, finishReason } = decoded("chat", stdout)
        assert.strictEqual(finishReason, "stop")
        assert.match(cost ?? "", /^\$0\.\d+$/)
      })
    )
  )

  it.live("writes one documented event per line of a stream", () =>
    withServer((_, env) =>
      Effect.gen(function* () {
        const { stdout } = yield* runKimi(["chat", "--json", "--stream", "Hi"], { env })
        const events = stdout
          .trim()
          .split("\n")
          .map((line) => decoded("chat --stream", line))
        assert.deepStrictEqual([events[0]?._tag, events.at(-1)?._tag], ["Start", "Finish"])
      })
    )
  )

  it.live("sends the earlier turns of a conversation", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const { code, stdout } = yield* runKimi(["chat"], { env, typed: ["First", "Second"] })
        assert.strictEqual(code, 0)
        assert.include(stdout, "> ")
        const second = (yield* server.requests)[1]?.body ?? ""
        assert.include(second, "First")
        assert.include(second, "Second")
      })
    )
  )

  it.live("continues after a turn that failed", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        yield* server.reply(ErrorReply.table.limitRpm)
        const { code, stderr } = yield* runKimi(["chat"], { env, typed: ["First", "Second"] })
        assert.strictEqual(code, 0)
        assert.include(stderr, "RateLimitError")
        assert.strictEqual((yield* server.requests).length, 2)
      })
    )
  )

  it.live("continues the conversation of a file that only its owner can read", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const path = join(yield* temporaryFolder, "chat.json")
        yield* runKimi(["chat", "First", "--history", path], { env })
        yield* runKimi(["chat", "Second", "--history", path], { env })
        assert.include((yield* server.requests)[1]?.body ?? "", "First")
        assert.strictEqual(statSync(path).mode & 0o077, 0)
        assert.include(readFileSync(path, "utf8"), "Second")
      })
    )
  )

  it.live("recalls the prompts of the conversation of a file", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const path = join(yield* temporaryFolder, "chat.json")
        yield* runKimi(["chat", "First", "--history", path], { env })
        yield* runKimi(["chat", "--history", path], { env, typed: ["Second", "\u001b[A\u001b[A!"] })
        const third = JSON.parse((yield* server.requests)[2]?.body ?? "{}")
        assert.strictEqual(third.messages.at(-1).content, "First!")
      })
    )
  )

  it.live("sends the image again with the prompt after a turn that failed", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        yield* server.reply(ErrorReply.table.limitRpm)
        const path = yield* image
        yield* runKimi(["chat", "--image", path], { env, typed: ["What is this?", "\u001b[A", "Sure?"] })
        const bodies = (yield* server.requests).map(({ body }) => body)
        assert.lengthOf(bodies, 3)
        assert.include(bodies[1] ?? "", "data:image/png;base64,")
        assert.lengthOf((bodies[2] ?? "").split("data:image/png;base64,"), 2)
      })
    )
  )

  it.live("sends an image in the message", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const path = yield* image
        yield* runKimi(["chat", "What is this?", "--image", path], { env })
        assert.include((yield* server.requests)[0]?.body ?? "", "data:image/png;base64,")
      })
    )
  )

  it.live("reports a failure as JSON if the result would be", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        yield* server.reply(ErrorReply.table.limitRpm)
        const { code, stderr, stdout } = yield* runKimi(["chat", "Hi", "--json"], { env })
        assert.deepStrictEqual([code, stdout], [14, ""])
        assert.strictEqual(JSON.parse(stderr).error.tag, "RateLimitError")
      })
    )
  )
})

describe("a conversation", () => {
  it.live("continues after a file that the host refuses, which is sent with the next prompt", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        let uploads = 0
        yield* server.replyAt("POST /v1/files", () => {
          uploads += 1
          return ErrorReply.make(400, "invalid_request_error", "The file is broken")
        })
        const path = join(yield* temporaryFolder, "a.txt")
        writeFileSync(path, "Some text")
        const { code, stderr } = yield* runKimi(["chat", "--file", path], { env, typed: ["One", "Two"] })
        assert.strictEqual(code, 0)
        assert.include(stderr, "The file is broken")
        assert.strictEqual(uploads, 2)
      })
    )
  )

  it.live("continues where its history cannot be written", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const folder = join(yield* temporaryFolder, "chats")
        mkdirSync(folder)
        const path = join(folder, "history.json")
        yield* server.replyAlways(() => {
          rmSync(folder, { recursive: true, force: true })
          return Reply.text("It is gone.")
        })
        const { code, stderr } = yield* runKimi(["chat", "--history", path], { env, typed: ["One", "Two"] })
        assert.strictEqual(code, 1, stderr)
        assert.include(stderr, `${path} cannot be written`)
        const [, second] = yield* server.requests
        const { messages } = JSON.parse(second?.body ?? "")
        assert.deepStrictEqual(
          messages.map(({ role }: { readonly role: string }) => role),
          ["user", "assistant", "user"]
        )
      })
    )
  )
})

describe("a file of a prompt", () => {
  const run = (flag: string, text: string) =>
    withServer((_, env) =>
      Effect.gen(function* () {
        const folder = yield* temporaryFolder
        const [good, bad] = [join(folder, "a.txt"), join(folder, "b.txt")]
        writeFileSync(good, "Some text")
        writeFileSync(bad, text)
        const { code, stderr } = yield* runKimi(["chat", "Hi", "--file", good, flag, bad], { env, stdin: "" })
        return { bad, code, stderr }
      })
    )

  it.live.each([
    ["--file", "", "InvalidRequestError", "The file is empty"],
    ["--image", "no image", "UnsupportedMediaError", "The content is not an image"]
  ] as const)("is named by %s with the content %j", ([flag, text, tag, message]) =>
    Effect.map(run(flag, text), ({ bad, code, stderr }) => {
      assert.strictEqual(code, 16)
      assert.include(stderr, `kimi: ${tag}: ${bad}: ${message}`)
    })
  )

  it.live("is not waited for when the command is interrupted while it is uploaded", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const isUploading = yield* Deferred.make<void>()
        yield* server.replyAt("POST /v1/files", () => {
          Deferred.doneUnsafe(isUploading, Effect.void)
          return Reply.withFault(Fault.StallBeforeHeaders())(Reply.text("Never."))
        })
        const path = join(yield* temporaryFolder, "a.txt")
        writeFileSync(path, "Some text")
        const command = yield* Effect.forkChild(runKimi(["chat", "Hi", "--file", path], { env, stdin: "" }))
        yield* Deferred.await(isUploading)
        yield* Fiber.interrupt(command)
        assert.deepStrictEqual(
          (yield* server.requests).map(({ method }) => method),
          ["POST"]
        )
      })
    )
  )
})
