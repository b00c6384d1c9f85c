import { existsSync, lstatSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, describe, it } from "@effect/vitest"
import * as Reply from "@kimi-effect/testing/Reply"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { withServer } from "./mockedHost.ts"
import { type Options, runKimi } from "./runKimi.ts"
import { temporaryFolder } from "./temporaryFolder.ts"

interface Message {
  readonly role: string
  readonly content: string
}

const messagesOf = (path: string): ReadonlyArray<Message> => JSON.parse(readFileSync(path, "utf8")).messages

const prompts = (path: string) => messagesOf(path).flatMap(({ content, role }) => (role === "user" ? [content] : []))

const write = (path: string, messages: ReadonlyArray<Message>) =>
  writeFileSync(path, JSON.stringify({ version: 1, messages }))

const turn = (prompt: string): ReadonlyArray<Message> => [
  { role: "user", content: prompt },
  { role: "assistant", content: "Yes." }
]

/** Another chat keeps a turn in the file. */
const addOther = (path: string) => write(path, [...(existsSync(path) ? messagesOf(path) : []), ...turn("Other")])

/** Another process holds the lock of the file. */
const hold = (db: DatabaseSync) => (path: string) => {
  writeFileSync(`${path}.lock`, "")
  db.exec(`ATTACH '${path}.lock' AS held; PRAGMA held.journal_mode = MEMORY; BEGIN EXCLUSIVE`)
  db.exec("CREATE TABLE held.held (id)")
}

/** Runs a chat with the file, which another program changes before the chat, and before each response that the list names. */
const chat = Effect.fnUntraced(function* (
  args: ReadonlyArray<string>,
  {
    before,
    changes = [],
    start,
    ...options
  }: Options & {
    readonly start?: ReadonlyArray<Message>
    readonly before?: (path: string) => void
    readonly changes?: ReadonlyArray<((path: string) => void) | undefined>
  }
) {
  const path = join(yield* temporaryFolder, "talk.json")
  if (start !== undefined) write(path, start)
  before?.(path)
  const left = [...changes]
  return yield* withServer((server, env) =>
    Effect.gen(function* () {
      yield* server.replyAlways(() => {
        left.shift()?.(path)
        return Reply.text("Mine.")
      })
      const outcome = yield* runKimi(["chat", ...args, "--history", path], { ...options, env })
      const bodies = (yield* server.requests).map(({ body }) => body)
      return { ...outcome, bodies, path, isUnlocked: !existsSync(`${path}.lock`) }
    })
  )
})

describe("a conversation that another chat continues meanwhile", () => {
  it.live.each([
    { name: "is in the file", start: turn("First"), expected: ["First", "Other", "Second"] },
    { name: "is begun by both", start: undefined, expected: ["Other", "Second"] }
  ])("has the turns of both where it $name", ({ expected, start }) =>
    Effect.gen(function* () {
      const { code, isUnlocked, path, stderr } = yield* chat(["Second"], {
        changes: [addOther],
        ...(start === undefined ? {} : { start })
      })
      assert.deepStrictEqual([code, prompts(path), isUnlocked], [0, expected, true])
      assert.include(stderr, "Kept after the turns of another chat")
    })
  )

  it.live("is continued with the turns of both", () =>
    Effect.gen(function* () {
      const { bodies, path } = yield* chat([], { changes: [addOther], typed: ["Second", "Third"] })
      assert.include(bodies[1], "Other")
      assert.deepStrictEqual(prompts(path), ["Other", "Second", "Third"])
    })
  )

  it.live("has the turns of all chats that run at once", () =>
    withServer((_, env) =>
      Effect.gen(function* () {
        const path = join(yield* temporaryFolder, "talk.json")
        const names = ["a", "b", "c", "d", "e", "f"]
        yield* Effect.forEach(names, (name) => runKimi(["chat", name, "--history", path], { env }), {
          concurrency: "unbounded"
        })
        assert.deepStrictEqual(prompts(path).toSorted(), names)
      })
    )
  )
})

describe.each([
  { name: "another conversation", change: (path: string) => write(path, turn("Else")) },
  { name: "no conversation", change: (path: string) => writeFileSync(path, "{") }
])("a file that has $name by the end of a turn", ({ change }) => {
  it.live("is left as it is, with the turn in a new file", () =>
    Effect.gen(function* () {
      const { code, path, stderr, stdout } = yield* chat(["Second"], { start: turn("First"), changes: [change] })
      const expected = `${path}.expected`
      change(expected)
      assert.deepStrictEqual(readFileSync(path, "utf8"), readFileSync(expected, "utf8"))
      assert.deepStrictEqual(prompts(`${path}.1`), ["First", "Second"])
      assert.deepStrictEqual([code, stdout], [1, "Mine.\n"])
      assert.include(stderr, `kimi chat --history ${path}.1`)
    })
  )

  it.live("states the flags that the new file needs", () =>
    Effect.gen(function* () {
      const args = ["Second", "--max-tokens", "100"]
      const { path, stderr } = yield* chat(args, { start: turn("First"), changes: [change] })
      assert.include(stderr, `Continue it, with the same other flags, with: kimi chat --history ${path}.1\n`)
    })
  )

  it.live("is not named at Ctrl-C by the conversation that has left it", () =>
    Effect.gen(function* () {
      const isSent = yield* Deferred.make<void>()
      const { path, stderr } = yield* chat([], {
        start: turn("First"),
        changes: [change, () => Deferred.doneUnsafe(isSent, Effect.void)],
        typed: ["Second", "Third"],
        interrupt: Deferred.await(isSent)
      })
      assert.include(stderr, `Interrupted. Continue with: kimi chat --history ${path}.1\n`)
    })
  )

  it.live("is not used by a conversation any more", () =>
    Effect.gen(function* () {
      const { code, path } = yield* chat([], {
        start: turn("First"),
        changes: [undefined, change, change],
        typed: ["Second", "Third", "Fourth"]
      })
      assert.strictEqual(code, 0)
      assert.deepStrictEqual(prompts(`${path}.1`), ["First", "Second", "Third", "Fourth"])
      assert.isFalse(existsSync(`${path}.2`))
    })
  )
})

describe("a file whose lock another process holds", () => {
  it.live("is left as it is, with the turn in a new file", () =>
    Effect.gen(function* () {
      const db = yield* Effect.acquireRelease(
        Effect.sync(() => new DatabaseSync(":memory:")),
        (db) => Effect.sync(() => db.close())
      )
      const { code, path } = yield* chat(["Second"], { start: turn("First"), changes: [hold(db)] })
      assert.strictEqual(code, 1)
      assert.deepStrictEqual([prompts(path), prompts(`${path}.1`)], [["First"], ["First", "Second"]])
    })
  )
})

describe.each([
  { name: "a folder", make: (lock: string) => void mkdirSync(lock), reason: "it is a folder and not a file" },
  {
    name: "a file of another program",
    make: (lock: string) => writeFileSync(lock, "theirs"),
    reason: "it has the data of another application"
  }
])("a lock that is $name", ({ make, reason }) => {
  const change = (path: string) => make(`${path}.lock`)

  it.live("is refused before anything is sent", () =>
    Effect.gen(function* () {
      const { bodies, code, path, stderr } = yield* chat(["Second"], { start: turn("First"), before: change })
      assert.deepStrictEqual([code, bodies.length], [1, 0])
      assert.include(stderr, `${path}.lock cannot be used as its lock: ${reason}`)
      assert.isTrue(existsSync(`${path}.lock`))
    })
  )

  it.live("leaves the turn during which it was made in a new file", () =>
    Effect.gen(function* () {
      const { code, path, stderr } = yield* chat(["Second"], { start: turn("First"), changes: [change] })
      assert.deepStrictEqual([prompts(path), prompts(`${path}.1`)], [["First"], ["First", "Second"]])
      assert.strictEqual(code, 1)
      assert.include(stderr, `kimi chat --history ${path}.1`)
    })
  )
})

describe("a file that cannot be written by the end of a turn", () => {
  it.live("leaves the turn in a new file", () =>
    Effect.gen(function* () {
      const { path, stderr } = yield* chat(["Second"], {
        start: turn("First"),
        changes: [(path) => void mkdirSync(`${path}.tmp`)]
      })
      assert.deepStrictEqual([prompts(path), prompts(`${path}.1`)], [["First"], ["First", "Second"]])
      assert.include(stderr, `kimi chat --history ${path}.1`)
    })
  )

  const removeFolder = (path: string) => rmSync(dirname(path), { recursive: true })

  it.live("fails a conversation that ends before it can be", () =>
    Effect.gen(function* () {
      const { code, path, stderr } = yield* chat([], { changes: [removeFolder], typed: ["First"] })
      assert.strictEqual(code, 1)
      assert.include(stderr, `${path} cannot be written: its folder does not exist`)
    })
  )

  it.live("has the turns of the conversation once it can be", () =>
    Effect.gen(function* () {
      const { code, path } = yield* chat([], {
        changes: [removeFolder, (path) => void mkdirSync(dirname(path))],
        typed: ["First", "Second"]
      })
      assert.deepStrictEqual([code, prompts(path)], [0, ["First", "Second"]])
    })
  )
})

describe("a link to the file of a conversation", () => {
  it.live("stays where its file gets the turns", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const folder = yield* temporaryFolder
        const [file, link] = [join(folder, "talk.json"), join(folder, "link.json")]
        write(file, turn("First"))
        symlinkSync("talk.json", link)
        yield* server.replyAlways(Reply.text("Mine."))
        const { code } = yield* runKimi(["chat", "Second", "--history", link], { env })
        assert.strictEqual(code, 0)
        assert.isTrue(lstatSync(link).isSymbolicLink())
        assert.deepStrictEqual(prompts(file), ["First", "Second"])
      })
    )
  )
})
