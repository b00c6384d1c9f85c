import { assert, describe, it } from "@effect/vitest"
import { Effect, Random } from "effect"
import * as RespCommand from "../../../../src/node/internal/redis/RespCommand.ts"
import {
  type Reply,
  ReplyError,
  ReplyProtocolError,
  RespReader
} from "../../../../src/node/internal/redis/RespReader.ts"

const limit = 10_000

const readerOf = (maxReplyBytes = limit) => {
  const replies: Array<Reply> = []
  return { replies, reader: new RespReader(maxReplyBytes, (reply) => void replies.push(reply)) }
}

const repliesIn = (...chunks: ReadonlyArray<string | Buffer>): ReadonlyArray<Reply> => {
  const { reader, replies } = readerOf()
  for (const chunk of chunks) reader.push(Buffer.from(chunk))
  return replies
}

const codeOf = (maxReplyBytes: number, ...chunks: ReadonlyArray<string>): string => {
  const { reader } = readerOf(maxReplyBytes)
  try {
    for (const chunk of chunks) reader.push(Buffer.from(chunk))
  } catch (error) {
    return error instanceof ReplyProtocolError ? error.code : assert.fail(String(error))
  }
  return assert.fail("nothing was refused")
}

describe("RespReader.push", () => {
  for (const [name, text, expected] of [
    ["a status", "+OK\r\n", "OK"],
    ["an empty status", "+\r\n", ""],
    ["a number", ":-9007199254740991\r\n", -9_007_199_254_740_991],
    ["a number with a plus", ":+5\r\n", 5],
    ["a bulk string", "$6\r\né\r\n\r\n\r\n", "é\r\n\r\n"],
    ["an empty bulk string", "$0\r\n\r\n", ""],
    ["no bulk string", "$-1\r\n", null],
    ["an array", "*2\r\n:1\r\n$1\r\na\r\n", [1, "a"]],
    ["an empty array", "*0\r\n", []],
    ["no array", "*-1\r\n", null],
    ["nested arrays", "*2\r\n*1\r\n*0\r\n*2\r\n+a\r\n$-1\r\n", [[[]], ["a", null]]]
  ] as const) {
    it(`reads ${name}`, () => {
      assert.deepStrictEqual(repliesIn(text), [expected])
    })

    it(`reads ${name} from single bytes`, () => {
      assert.deepStrictEqual(repliesIn(...[...Buffer.from(text)].map((byte) => Buffer.from([byte]))), [expected])
    })
  }

  it("reads an error as a value with its code", () => {
    const [error] = repliesIn("-NOSCRIPT No matching script.\r\n")
    assert.instanceOf(error, ReplyError)
    assert.deepInclude({ ...error }, { code: "NOSCRIPT" })
  })

  for (const text of ["unknown command", `${"A".repeat(33)} x`, "", "WRONGpass"]) {
    it(`has the code ERR for the error ${text.slice(0, 10)}`, () => {
      const [error] = repliesIn(`-${text}\r\n`)
      assert.deepInclude({ ...(error as ReplyError) }, { code: "ERR" })
    })
  }

  it("reads several replies from one chunk", () => {
    assert.deepStrictEqual(repliesIn("+a\r\n:1\r\n$1\r\nb\r\n"), ["a", 1, "b"])
  })

  /** A random reply; deeper ones have fewer elements. */
  const valueOf = (depth: number): Effect.Effect<Reply> =>
    Effect.gen(function* () {
      const kind = yield* Random.nextIntBetween(0, depth > 4 ? 2 : 3)
      const size = yield* Random.nextIntBetween(0, 5)
      if (kind === 0) return null
      if (kind === 1) return yield* Random.nextInt
      if (kind === 2) return "é\r\n$5😀\0".repeat(size * size)
      return yield* Effect.all(Array.from({ length: size }, () => valueOf(depth + 1)))
    })

  const encode = (reply: Reply): string => {
    if (reply === null) return "$-1\r\n"
    if (typeof reply === "number") return `:${reply}\r\n`
    if (typeof reply === "string") return `$${Buffer.byteLength(reply)}\r\n${reply}\r\n`
    return Array.isArray(reply) ? `*${reply.length}\r\n${reply.map(encode).join("")}` : assert.fail("an error")
  }

  it.effect("reads any replies from any chunks", () =>
    Effect.gen(function* () {
      for (let run = 0; run < 300; run++) {
        const all = yield* Effect.all(Array.from({ length: 4 }, () => valueOf(0)))
        const bytes = Buffer.from(all.map(encode).join(""))
        const cuts = yield* Effect.all(Array.from({ length: 8 }, () => Random.nextIntBetween(0, bytes.length)))
        const ends = cuts.toSorted((a, b) => a - b)
        const chunks = [...ends, bytes.length].map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end))
        assert.deepStrictEqual(repliesIn(...chunks), all)
      }
    }).pipe(Random.withSeed("replies in chunks"))
  )

  it("reads what is sent as a command", () => {
    const args = ["SET", "", "clé", "a\r\nb", "😀"]
    assert.deepStrictEqual(repliesIn(RespCommand.encode(args)), [args])
  })

  for (const text of [
    "hello\r\n",
    "\r\n",
    "\n",
    "+a\n",
    ":1a\r\n",
    ":\r\n",
    ":-\r\n",
    "$-2\r\n",
    "*-2\r\n",
    "*1.5\r\n",
    `:${"1".repeat(20)}\r\n`,
    "$1\r\nab\r",
    "%1\r\n"
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.strictEqual(codeOf(limit, text), "invalidReply")
    })
  }

  it("refuses a line without an end", () => {
    assert.strictEqual(codeOf(1_000_000, ...Array.from({ length: 66 }, () => "+".repeat(1_000))), "invalidReply")
  })

  it("refuses a bulk string over the limit when it is announced", () => {
    assert.strictEqual(codeOf(100, "$100\r\n"), "replyTooLarge")
  })

  it("accepts a reply of exactly the limit", () => {
    const { reader, replies } = readerOf(6 + 94)
    reader.push(Buffer.from(`$94\r\n${"a".repeat(94)}\r\n`))
    assert.deepStrictEqual(replies, ["a".repeat(94)])
  })

  it("counts the bytes of all elements of a reply", () => {
    assert.strictEqual(codeOf(100, "*3\r\n", `$50\r\n${"a".repeat(50)}\r\n`, "$50\r\n"), "replyTooLarge")
  })

  it("counts the bytes of each reply separately", () => {
    const { reader, replies } = readerOf(100)
    for (let i = 0; i < 3; i++) reader.push(Buffer.from(`$50\r\n${"a".repeat(50)}\r\n`))
    assert.lengthOf(replies, 3)
  })

  it("refuses an array with too many elements when it is announced", () => {
    assert.strictEqual(codeOf(limit, "*1000001\r\n"), "replyTooLarge")
  })

  it("refuses too many elements in several arrays", () => {
    const half = `*500000\r\n${":1\r\n".repeat(500_000)}`
    assert.strictEqual(codeOf(10_000_000, "*3\r\n", half, half), "replyTooLarge")
  })

  it("refuses an array deeper than 32 levels", () => {
    assert.strictEqual(codeOf(limit, "*1\r\n".repeat(33)), "replyTooLarge")
  })

  it("reads an array of 32 levels", () => {
    assert.lengthOf(repliesIn(`${"*1\r\n".repeat(32)}:1\r\n`), 1)
  })

  it("has no text of the server in its error", () => {
    const { reader } = readerOf()
    assert.throws(() => reader.push(Buffer.from("secret\r\n")), /^The server does not speak the protocol of Redis$/)
  })
})
