import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Fault from "@kimi-effect/testing/Fault"
import * as Reply from "@kimi-effect/testing/Reply"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { withServer } from "./mockedHost.ts"
import { runKimi } from "./runKimi.ts"
import { temporaryFolder } from "./temporaryFolder.ts"

/** The command, interrupted when the host has the upload of `a.txt` and has not responded. */
const interrupted = (args: ReadonlyArray<string>, typed?: ReadonlyArray<string>) =>
  withServer((server, env) =>
    Effect.gen(function* () {
      const isUploaded = yield* Deferred.make<void>()
      yield* server.replyAt("POST /v1/files", () => {
        Deferred.doneUnsafe(isUploaded, Effect.void)
        return Reply.withFault(Fault.StallBeforeHeaders())(Reply.text("Never."))
      })
      const path = join(yield* temporaryFolder, "a.txt")
      writeFileSync(path, "Some text")
      const input = typed === undefined ? { stdin: "" } : { typed }
      return yield* runKimi([...args, path], { env, interrupt: Deferred.await(isUploaded), ...input })
    })
  )

const note = "The host may have kept a.txt, whose upload was interrupted: kimi files list shows it"

describe("an upload that is interrupted", () => {
  it.live.each(["chat Hi --file", "files upload"])("names its file in kimi %s", (args) =>
    Effect.map(interrupted(args.split(" ")), ({ stderr }) => assert.include(stderr, `\n${note}`))
  )

  it.live("states that its file is listed with the same flags", () =>
    Effect.map(interrupted(["files", "upload", "--tier", "1"]), ({ stderr }) =>
      assert.include(stderr, "interrupted: with the same flags of options, kimi files list shows it")
    )
  )

  it.live("begins no line in a conversation, which has begun one", () =>
    Effect.map(interrupted(["chat", "--file"], ["Hi"]), ({ stderr }) => {
      assert.include(stderr, note)
      assert.notInclude(stderr, `\n\n${note}`)
    })
  )

  it.live("names no file that the host has not got", () =>
    withServer((_, env) =>
      Effect.gen(function* () {
        const path = join(yield* temporaryFolder, "a.txt")
        writeFileSync(path, "Some text")
        const { stderr } = yield* runKimi(["files", "upload", path], { env, interrupt: Effect.void })
        assert.notInclude(stderr, "may have kept")
      })
    )
  )
})
