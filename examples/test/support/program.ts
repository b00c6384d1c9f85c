/** Runs an example as its own process. */
import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import * as Effect from "effect/Effect"

const run = promisify(execFile)

/** What an example prints, with these variables and no other key. It fails the test if the example fails. */
export const outputOf = (
  example: string,
  args: ReadonlyArray<string>,
  env: Readonly<Record<string, string>>
): Effect.Effect<string> => {
  const { KIMI_API_KEY: _, MOONSHOT_API_KEY: __, ...inherited } = process.env
  const path = fileURLToPath(new URL(`../../${example}.ts`, import.meta.url))
  return Effect.map(
    Effect.promise(() => run(process.execPath, [path, ...args], { env: { ...inherited, ...env } })),
    ({ stdout }) => stdout
  )
}
