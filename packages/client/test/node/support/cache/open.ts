/** Stores that are open already, as a cache opens them when it starts. */
import { Effect } from "effect"
import * as CacheStore from "../../../../src/node/CacheStore.ts"

const check = ({ check = Effect.void }: CacheStore.CacheStore["Service"]) => Effect.ignore(check)

export const openSqlite = (options: CacheStore.SqliteOptions) => Effect.tap(CacheStore.makeSqlite(options), check)

export const openFile = (options: CacheStore.FileOptions) => Effect.tap(CacheStore.makeFile(options), check)
