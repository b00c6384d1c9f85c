/** The name of a value that a part of the library finds unusable only when it is used. */
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { withServer } from "./mockedHost.ts"
import { runKimi } from "./runKimi.ts"
import { temporaryFolder } from "./temporaryFolder.ts"

describe("a budget store that cannot be opened is named", () => {
  it.live.each([
    { by: "its flag", args: "--budget-store sqlite:DIR", env: {}, named: "--budget-store" },
    { by: "--set", args: "--set budgetStore=sqlite:DIR", env: {}, named: "--set budgetStore" },
    { by: "its variable", args: "", env: { KIMI_BUDGET_STORE: "sqlite:DIR" }, named: "KIMI_BUDGET_STORE" },
    {
      by: "its flag before its variable",
      args: "--budget-store sqlite:DIR",
      env: { KIMI_BUDGET_STORE: "sqlite:other.db" },
      named: "--budget-store"
    },
    {
      by: "the member of a file",
      args: "--config DIR/kimi.json",
      env: {},
      named: "kimi.budgetStore in DIR/kimi.json"
    },
    {
      by: "the variable of a file",
      args: "--dotenv DIR/kimi.env",
      env: {},
      named: "KIMI_BUDGET_STORE in DIR/kimi.env"
    }
  ])("by $by", ({ args, env: given, named }) =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const folder = yield* temporaryFolder
        const store = join(folder, "store")
        mkdirSync(store)
        const at = (text: string) => text.replace("sqlite:DIR", `sqlite:${store}`).replace("DIR", folder)
        writeFileSync(join(folder, "kimi.json"), JSON.stringify({ kimi: { budgetStore: `sqlite:${store}` } }))
        writeFileSync(join(folder, "kimi.env"), `KIMI_BUDGET_STORE=sqlite:${store}\n`)
        const variables = Object.fromEntries(Object.entries(given).map(([name, value]) => [name, at(value)]))
        const words = ["chat", "Hi", ...args.split(" ").filter(Boolean).map(at)]
        const { code, stderr } = yield* runKimi(words, {
          env: { ...env, KIMI_BUDGET: "1 USD", ...variables },
          stdin: ""
        })
        assert.strictEqual(code, 10, stderr)
        assert.strictEqual(stderr.split("\n")[1]?.split(": expected ")[0], `  ${at(named)}`)
        assert.lengthOf(yield* server.requests, 0)
      })
    )
  )
})
