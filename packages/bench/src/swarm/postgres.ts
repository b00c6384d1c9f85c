/**
 * The database of measurements: by default the one that `ops/compose.yaml` starts,
 * or one that tests find on this machine. They leave their runs in the schema
 * `kimi_bench`.
 */
import * as PgConnection from "@effect/sql-pg/PgConnection"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Redacted from "effect/Redacted"

const variable = "KIMI_BENCH_POSTGRES"

export const schema = "kimi_bench"

const defaults = ["postgres@127.0.0.1:5432/kimi", "root@127.0.0.1:5432/test", "postgres@127.0.0.1:5432/postgres"]

/** The address of the database in a process that measures. */
export const url = process.env[variable] ?? `postgres://${defaults[0]}`

const accepts = async (address: string): Promise<boolean> => {
  const asked = Effect.flatMap(PgConnection.make({ url: Redacted.make(address) }), (one) => one.query("SELECT 1"))
  return Exit.isSuccess(await Effect.runPromiseExit(Effect.scoped(asked)))
}

const find = async (): Promise<string | undefined> => {
  const given = process.env[variable]
  for (const address of given === undefined ? defaults.map((one) => `postgres://${one}`) : [given]) {
    if (await accepts(address)) return address
  }
  return undefined
}

/** The figures of a measurement, or none with a line on stderr where no database accepts a connection. */
export const orSkipped = async <A>(
  what: string,
  measure: (url: string) => Promise<ReadonlyArray<A>>
): Promise<ReadonlyArray<A>> => {
  const found = await find()
  if (found !== undefined) {
    // The processes that measure read it there.
    process.env[variable] = found
    return await measure(found)
  }
  const tried = process.env[variable] === undefined ? defaults.join(" or ") : `the address in ${variable}`
  process.stderr.write(
    `Skipped: ${what}, as no PostgreSQL accepts ${tried}. ` +
      `Set ${variable} to the address of one, such as postgres://user@127.0.0.1:5432/database, or start the one of ops/compose.yaml.\n`
  )
  return []
}
