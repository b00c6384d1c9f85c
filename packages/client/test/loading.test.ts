import { spawnSync } from "node:child_process"
import { assert, describe, it } from "@effect/vitest"

/** What a probe prints in a new process. */
const run = (probe: URL, argument: string): string => {
  const { status, stderr, stdout } = spawnSync(process.execPath, [probe.pathname, argument], { encoding: "utf8" })
  assert.strictEqual(status, 0, stderr)
  return stdout
}

/** The paths of modules, from the folder of their package. */
const pathsOf = (urls: ReadonlyArray<string>): ReadonlyArray<string> =>
  urls.map((url) => url.replace(/^.*\/(?=(?:core|client)\/src\/)/, "").replace(/^.*\/node_modules\//, ""))

/** The modules that an entry loads. */
const loadedBy = (entry: string): ReadonlyArray<string> =>
  pathsOf(JSON.parse(run(new URL("support/loadedModules.ts", import.meta.url), entry)))

const client = loadedBy("@kimi-effect/client/KimiClient")

/** What only some clients use, by the paths of its modules. */
const optional: Readonly<Record<string, RegExp>> = {
  "a store on Redis": /core\/src\/(?:Redis\.ts$|.*\/Redis(?!Url)\w*\.ts$|.*\/AdmissionScript\.ts$)/,
  "a driver of Redis": /^(?:redis|@redis|effect\/dist\/persistence)\//,
  "the cache": /core\/src\/cache\/(?!internal\/ResponseCacheService\.ts$)/,
  "lru-cache": /^lru-cache\//,
  money: /core\/src\/money\/(?!internal\/\w+Service\.ts$)/,
  telemetry: /core\/src\/observability\/internal\/(?:taps|metrics|prefix|Telemetry\w+\.ts)/,
  "the checks of health": /core\/src\/observability\/(?:Health\.ts|internal\/health\/)/,
  fallback: /core\/src\/resilience\/Fallback\.ts$|client\/src\/(?:FallbackPlan|internal\/FallbackAccounts)\.ts$/,
  hedging: /core\/src\/resilience\/(?:Hedge\.ts$|internal\/HedgeRace\.ts$)/,
  recovery: /core\/src\/resilience\/StreamRecovery\.ts$/,
  "the compiler of schemas": /effect\/dist\/(?:schema\/SchemaJITCompiler|internal\/schema\/codegen)/,
  "files and batches": /client\/src\/(?:files|batch)\//,
  reload: /core\/src\/reload\/(?!internal\/LiveConfigService\.ts$)/,
  "errors of capabilities that it does not have":
    /core\/src\/errors\/(?:Agent|Swarm|Journal|File|Batch|Cassette)Errors\.ts$/,
  agents: /client\/src\/agent\/|effect\/dist\/ai\//,
  Node: /^node:|client\/src\/node\//
}

describe("import of KimiNode", () => {
  const node = loadedBy("@kimi-effect/client/node/KimiNode")

  /** What is loaded with a client that uses it. */
  const deferred: Readonly<Record<string, RegExp>> = {
    "the pool of connections": /^undici\//,
    "configuration files": /ConfigWatch\.ts$|^node:fs/,
    money: /core\/src\/money\/(?!internal\/\w+Service\.ts$)/,
    reload: /core\/src\/reload\/(?!internal\/LiveConfigService\.ts$)|client\/src\/Reload\.ts$/
  }

  it.each(Object.entries(deferred))("does not load %s", (_, pattern) => {
    assert.deepStrictEqual(
      node.filter((path) => pattern.test(path)),
      []
    )
  })
})

describe("import of an index", () => {
  /** What its modules load when they are used, by the paths of the modules. */
  const deferred: Readonly<Record<string, RegExp>> = {
    "modules of Node": /^node:/,
    "lru-cache": /^lru-cache\//,
    "the pool of connections": /^undici\//,
    "a store on SQLite": /client\/src\/node\/internal\/Sqlite/,
    "a store in a folder": /client\/src\/node\/internal\/FileCacheStore\.ts$/,
    "the connection to Redis": /client\/src\/node\/internal\/redis\//,
    "jobs of batches": /client\/src\/(?:batch\/internal|node\/internal\/batch)\/(?!host\/HostBatchService\.ts$)/,
    "requests for files": /client\/src\/files\/internal\/(?:fileRequests|sendUpload|remoteMedia)\.ts$/,
    journals: /client\/src\/journal\/internal\/(?!JournalService\.ts$)/,
    "the audit log": /client\/src\/node\/internal\/AuditWriter\.ts$/,
    "configuration files": /client\/src\/node\/internal\/(?:configProviders|watchConfig)\.ts$/,
    "the cache": /core\/src\/cache\/internal\/(?:makeCache|CachedCalls)\.ts$/,
    budgets: /core\/src\/money\/internal\/(?:makeBudget|ReservationManager)\.ts$/,
    telemetry: /core\/src\/observability\/internal\/(?:taps|metrics|prefix)\//,
    fallback: /core\/src\/resilience\/Fallback\.ts$/,
    reload: /core\/src\/reload\/(?!internal\/LiveConfigService\.ts$)/,
    agents: /client\/src\/agent\/|effect\/dist\/ai\//
  }
  const indexes = ["@kimi-effect/client", "@kimi-effect/client/node"].map((name) => [name, loadedBy(name)] as const)

  it.each(
    indexes.flatMap(([name, paths]) =>
      Object.entries(deferred).map(([what, pattern]) => [name, what, pattern, paths] as const)
    )
  )("%s does not load %s", (_, __, pattern, paths) => {
    assert.deepStrictEqual(
      paths.filter((path) => pattern.test(path)),
      []
    )
  })
})

describe("import of KimiClient", () => {
  it("loads what a chat runs", () => {
    assert.includeMembers([...client], ["client/src/KimiClient.ts", "core/src/resilience/Retry.ts"])
  })

  it.each(Object.entries(optional))("does not load %s", (_, pattern) => {
    assert.deepStrictEqual(
      client.filter((path) => pattern.test(path)),
      []
    )
  })
})

describe("a client of KimiNode", () => {
  const built = (options: object): { readonly paths: ReadonlyArray<string>; readonly zoneReads: number } => {
    const { urls, zoneReads } = JSON.parse(
      run(new URL("support/configuredModules.ts", import.meta.url), JSON.stringify(options))
    )
    return { paths: pathsOf(urls), zoneReads }
  }

  const stores =
    /nodeStores\.ts$|core\/src\/cache\/(?!CacheControl\.ts$|internal\/ResponseCacheService\.ts$)|^lru-cache\//
  const observer = /core\/src\/observability\/(?:Observer|CallLog)\.ts$/

  it("with a budget in memory loads only the budget", () => {
    const { paths } = built({ budget: "100 USD per day" })
    assert.include(paths, "core/src/money/Budget.ts")
    assert.deepStrictEqual(
      paths.filter((path) => stores.test(path) || observer.test(path)),
      []
    )
  })

  it("with telemetry loads no store", () => {
    const { paths } = built({ telemetry: true })
    assert.include(paths, "core/src/observability/Observer.ts")
    assert.deepStrictEqual(
      paths.filter((path) => stores.test(path)),
      []
    )
  })

  it("with a cache in memory uses the digest of Node", () => {
    assert.include(built({ cache: "memory" }).paths, "client/src/node/internal/NodeDigest.ts")
  })

  it("whose caps are in UTC reads no time zones of the platform", () => {
    assert.strictEqual(built({ budget: "100 USD per day" }).zoneReads, 0)
  })

  it("whose caps are in another zone reads them", () => {
    assert.isAbove(built({ budget: "100 USD per day", budgetTimeZone: "Europe/Berlin" }).zoneReads, 0)
  })
})
