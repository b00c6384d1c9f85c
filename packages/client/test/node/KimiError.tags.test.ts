/** Every error tag is produced through a public operation. */
import { globSync, readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { table, type Tag } from "@kimi-effect/core/ErrorFacts"
import type { KimiError } from "@kimi-effect/core/KimiError"
import { Effect } from "effect"
import { agents } from "./support/errors/agents.ts"
import { batches } from "./support/errors/batches.ts"
import { hostBatches } from "./support/errors/hostBatches.ts"
import { files } from "./support/errors/files.ts"
import { journals } from "./support/errors/journals.ts"
import { outputs } from "./support/errors/outputs.ts"
import { responses } from "./support/errors/responses.ts"
import { stages } from "./support/errors/stages.ts"
import { swarms } from "./support/errors/swarms.ts"
import { tools } from "./support/errors/tools.ts"

/** Tags that no operation produces yet, each with the reason. A tag is removed together with the reason. */
const unproduced = {} as const satisfies { readonly [T in Tag]?: string }

/** A tag that is neither produced nor listed above does not compile. */
const produced: { readonly [T in Exclude<Tag, keyof typeof unproduced>]: Effect.Effect<KimiError, unknown> } = {
  ...responses,
  ...stages,
  ...tools,
  ...agents,
  ...files,
  ...outputs,
  ...batches,
  ...hostBatches,
  ...journals,
  ...swarms
}

/** The sources of the packages, without comments. */
const source = globSync("../{core,client,testing}/src/**/*.ts", { cwd: new URL("../..", import.meta.url).pathname })
  .map((file) => readFileSync(new URL(`../../${file}`, import.meta.url), "utf8"))
  .join("\n")
  .replace(/\/\*\*[\s\S]*?\*\//g, "")

describe("every error tag", () => {
  for (const [tag, error] of Object.entries(produced)) {
    it.live(`${tag} is produced by an operation`, () => Effect.map(error, ({ _tag }) => assert.strictEqual(_tag, tag)))
  }

  it("is either produced or listed with the reason why not", () => {
    assert.deepStrictEqual(
      [...Object.keys(produced), ...Object.keys(unproduced)].toSorted(),
      Object.keys(table).toSorted()
    )
  })

  for (const tag of Object.keys(unproduced)) {
    it(`${tag} is listed as not produced only while no source constructs it`, () => {
      assert.notMatch(source, new RegExp(`new (\\w+\\.)?${tag}\\(`))
    })
  }
})
