/** The reviews of a folder of code with known flaws, at hosts that learn of the code only through the tools. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { KimiNode } from "@kimi-effect/client/node"
import { MockServer } from "@kimi-effect/testing/node"
import type { Reply } from "@kimi-effect/testing"
import type { ReceivedRequest } from "@kimi-effect/testing/node/ReceivedRequest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Architecture from "../architectureReview.ts"
import * as ArchitectureHost from "../hosts/architectureReview.ts"
import * as SecurityHost from "../hosts/securityReview.ts"
import * as Security from "../securityReview.ts"

const shop = new URL("../review/shop/", import.meta.url)

/** Runs a review at a scripted host. */
const at =
  (reply: (request: ReceivedRequest) => Reply.Reply) =>
  <A, E, R>(review: Effect.Effect<A, E, R>) =>
    Effect.scoped(
      Effect.gen(function* () {
        const server = yield* MockServer.make()
        yield* server.replyAlways(reply)
        const client = KimiNode.layer({ apiKey: Redacted.make("sk-test"), baseUrl: server.url })
        const result = yield* Effect.provide(review, client)
        return { ...result, requests: yield* server.requests }
      })
    )

const placesOf = (findings: ReadonlyArray<{ readonly file: string; readonly line: number }> = []) =>
  findings.map(({ file, line }) => `${file}:${line}`).toSorted()

/** A folder with one file, which is removed with the scope. */
const folderWith = (name: string, text: string) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "kimi-effect-review-"))),
      (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
    ),
    (path) => {
      writeFileSync(join(path, name), text)
      return pathToFileURL(`${path}/`)
    }
  )

describe("the security review", () => {
  it.live("finds each flaw with its line", () =>
    Effect.gen(function* () {
      const { report, result } = yield* Security.review(shop).pipe(at(SecurityHost.reply))
      assert.strictEqual(result.outcome._tag, "Finished")
      assert.deepStrictEqual(placesOf(report?.findings), [
        "orders.py:7",
        "reports.py:8",
        "settings.py:6",
        "uploads.py:8"
      ])
    })
  )

  it.live("has an auditor for each file before its critic", () =>
    Effect.gen(function* () {
      const { report, result } = yield* Security.review(shop).pipe(at(SecurityHost.reply))
      assert.deepStrictEqual(report?.checked, ["orders.py", "pricing.py", "reports.py", "settings.py", "uploads.py"])
      assert.deepStrictEqual(
        result.agents.map(({ name, outcome }) => `${name} ${outcome._tag}`),
        [...Array.from({ length: 5 }, () => "auditor Finished"), "critic Finished"]
      )
    })
  )

  it.live("finds nothing in code without a flaw", () =>
    Effect.gen(function* () {
      const folder = yield* folderWith("clean.py", "def double(n):\n    return 2 * n\n")
      const { report } = yield* Security.review(folder).pipe(at(SecurityHost.reply))
      assert.deepStrictEqual(report, { findings: [], checked: ["clean.py"] })
    }).pipe(Effect.scoped)
  )

  it.live("reads a file whose name is no part of an address", () =>
    Effect.gen(function* () {
      const folder = yield* folderWith("100% #1?.py", 'TOKEN = "t-1"\n')
      const { report } = yield* Security.review(folder).pipe(at(SecurityHost.reply))
      assert.deepStrictEqual(placesOf(report?.findings), ["100% #1?.py:1"])
    }).pipe(Effect.scoped)
  )

  it.live("gives agents the code as data only", () =>
    Effect.gen(function* () {
      const { requests } = yield* Security.review(shop).pipe(at(SecurityHost.reply))
      const messages = requests.flatMap(
        ({ json }) =>
          (json as { readonly messages: ReadonlyArray<{ readonly role: string; readonly content: string }> }).messages
      )
      const withCode = messages.filter(({ content }) => content?.includes("PAYMENT_TOKEN = ") === true)
      assert.isNotEmpty(withCode)
      assert.isTrue(withCode.every(({ content, role }) => role === "tool" && content.startsWith("<tool_result")))
    })
  )
})

describe("the architecture review", () => {
  it.live("finds modules that import each other", () =>
    Effect.gen(function* () {
      const { result } = yield* Architecture.review(shop).pipe(at(ArchitectureHost.reply))
      const { value } = result.agents.find(({ id }) => id === "structure") ?? {}
      assert.deepStrictEqual(value, {
        modules: ["orders", "pricing", "reports", "settings"],
        cycles: [["orders", "pricing"]]
      })
    })
  )

  it.live("reports the evidence of each problem", () =>
    Effect.gen(function* () {
      const { report, result } = yield* Architecture.review(shop).pipe(at(ArchitectureHost.reply))
      assert.strictEqual(result.outcome._tag, "Finished")
      assert.deepStrictEqual(
        report?.problems.map(({ evidence }) => evidence),
        ["orders and pricing", "reports.py:9"]
      )
    })
  )

  it.live("has no problem in code without one", () =>
    Effect.gen(function* () {
      const folder = yield* folderWith("clean.py", "def double(n):\n    return 2 * n\n")
      const { report } = yield* Architecture.review(folder).pipe(at(ArchitectureHost.reply))
      assert.deepStrictEqual(report?.problems, [])
    }).pipe(Effect.scoped)
  )
})
