/** An example of every option: a text that sets it, the value that it sets, and texts that cannot be used. */
import * as Duration from "effect/Duration"
import * as Redacted from "effect/Redacted"
import type * as KimiConfig from "../../src/KimiConfig.ts"

interface Example<N extends KimiConfig.Name> {
  readonly text: string
  readonly value: KimiConfig.Values[N]
  readonly unusable: ReadonlyArray<string>
}

const durations = { unusable: ["soon", "0 seconds", "-1 second", "Infinity"] }
const duration = { text: "90 seconds", value: Duration.seconds(90), ...durations }
const count = { text: "9", value: 9, unusable: ["0", "-1", "1.5", "many", "Infinity"] }
const bytes = { text: "3 MiB", value: 3 * 1024 * 1024, unusable: ["0", "1.5", "32MB", "1 TiB", "MiB"] }
const fraction = { text: "0.25", value: 0.25, unusable: ["0", "1.01", "-0.1", "half", "NaN"] }
const part = { text: "0", value: 0, unusable: [" ", "1.01", "-0.1", "half", "NaN"] }
const amount = { text: "0", value: 0, unusable: [" ", "-1", "much", "NaN", "Infinity"] }
const cost = { text: "0.5", value: 0.5, unusable: ["0", "-1", "NaN", "Infinity"] }
const turnedOn = { text: "on", value: true, unusable: ["yes", "1", "ON"] }
const turnedOff = { text: "off", value: false, unusable: ["no", "0", "Off"] }
const model = { text: "kimi-k3", value: "kimi-k3", unusable: [] }
const redisUrl = "redis://user:canary-password@127.0.0.1:6379/3"
const redis = { _tag: "Redis", url: Redacted.make(redisUrl) } as const

export const examples: { readonly [N in KimiConfig.Name]: Example<N> } = {
  provider: { text: "moonshot-cn", value: "moonshot-cn", unusable: ["moonshine", "Moonshot"] },
  apiKey: { text: "sk-2", value: Redacted.make("sk-2"), unusable: ["two words", "ключ"] },
  baseUrl: {
    text: "https://gateway.example/v1",
    value: "https://gateway.example/v1",
    unusable: ["ftp://host.example", "https://u@host.example", "https://host.example?a=1", "host.example"]
  },
  account: { text: "team-a.eu_1", value: "team-a.eu_1", unusable: ["team/a", "a b"] },
  allowPlainHttp: { text: "true", value: true, unusable: ["yes", "on"] },
  proxy: {
    text: "http://user:canary-password@proxy.example:8080",
    value: Redacted.make("http://user:canary-password@proxy.example:8080"),
    unusable: [
      "proxy.example:8080",
      "ftp://proxy.example",
      "http://proxy.example/path",
      "on",
      "http://%zz@proxy.example"
    ]
  },
  headers: {
    text: '{ "X-Team": "search" }',
    value: Redacted.make({ "x-team": "search" }),
    unusable: [
      "x-team: search",
      '["a"]',
      '{ "a b": "c" }',
      '{ "a": 1 }',
      '{ "a": "" }',
      '{ "a": "b\\r\\nc: d" }',
      '{ "a": "é" }',
      '{ "Authorization": "Bearer x" }',
      '{ "Content-Type": "text/plain" }',
      '{ "HOST": "other" }',
      '{ "a": "1", "A": "2" }'
    ]
  },
  maxConnections: count,
  maxResponseBytes: bytes,
  maxContentBytes: bytes,
  maxEventBytes: bytes,
  maxToolArgumentBytes: bytes,
  model,
  requestPolicy: { text: "repair", value: "repair", unusable: ["ignore"] },
  markup: { text: "fail", value: "fail", unusable: ["drop"] },
  fallback: {
    text: "kimi-k2.6; kimi-k2.5",
    value: [{ model: "kimi-k2.6" }, { model: "kimi-k2.5" }],
    unusable: ["a b", "a;;b", "[", "[1]"]
  },
  connectTimeout: duration,
  poolTimeout: duration,
  firstTokenTimeout: duration,
  idleTimeout: duration,
  totalTimeout: duration,
  deadline: duration,
  maxAttempts: count,
  retryBaseDelay: duration,
  retryMaxDelay: duration,
  retryMaxElapsed: duration,
  retryJitter: { text: "equal", value: "equal", unusable: ["some"] },
  retryAmbiguous: { text: "0", value: 0, unusable: ["once", "-1", "1.5"] },
  retryBudget: turnedOff,
  retryBudgetCapacity: amount,
  retryBudgetCost: cost,
  retryBudgetAmbiguousCost: cost,
  retryBudgetReward: amount,
  recovery: { text: "continue", value: "continue", unusable: ["on"] },
  maxRecoveries: count,
  limits: { text: redisUrl, value: redis, unusable: ["sqlite:a.db", "file:a", "redis:", "redis://", "http://host"] },
  tier: { text: "2", value: 2, unusable: ["6", "-1", "2.5", "two", "Infinity", " "] },
  maxConcurrency: count,
  requestsPerMinute: count,
  tokensPerMinute: count,
  tokensPerDay: count,
  admissionMaxWait: duration,
  admissionMaxQueue: count,
  limitsLocalShare: fraction,
  redisUsername: { text: "kimi", value: "kimi", unusable: [] },
  redisPassword: { text: "canary-password", value: Redacted.make("canary-password"), unusable: [] },
  redisDatabase: { text: "0", value: 0, unusable: ["-1", "1.5", "first", "1000000"] },
  redisCa: { text: "ca.pem", value: "ca.pem", unusable: ["ca\0.pem", " "] },
  redisServerName: { text: "redis.example", value: "redis.example", unusable: [] },
  redisConnectTimeout: duration,
  redisTimeout: duration,
  redisCloseTimeout: duration,
  redisMaxReplyBytes: bytes,
  redisKeyPrefix: { text: "team-a:", value: "team-a:", unusable: ["{team}:"] },
  breaker: turnedOff,
  circuits: {
    text: `redis:${redisUrl}`,
    value: redis,
    unusable: ["off", "sqlite:a.db", "redis:host", "redis://host/one", "redis://host?db=1", "redis://%zz@host"]
  },
  breakerFailures: { text: "off", value: "off", unusable: ["0", "1.5", "on"] },
  breakerFailureRate: { text: "0.5", value: 0.5, unusable: ["0", "2", "half"] },
  breakerSlowRate: fraction,
  breakerSlowAfter: duration,
  breakerWindow: { text: "100 calls", value: { _tag: "Count", size: 100 }, unusable: ["0 calls", "calls", "100"] },
  breakerMinimumCalls: count,
  breakerOpenDuration: duration,
  breakerMaxOpenDuration: duration,
  breakerProbes: count,
  breakerProbeSuccesses: count,
  breakerProbeTimeout: duration,
  cache: {
    text: "sqlite:var/a.db",
    value: { _tag: "Sqlite", path: "var/a.db" },
    unusable: ["sqlite:", "sqlite: ", "sqlite::memory:", "on"]
  },
  cacheTimeToLive: duration,
  cacheStaleAfter: { ...duration, text: "2 seconds", value: Duration.seconds(2) },
  cacheRefreshCooldown: duration,
  cacheAlso: { text: "toolCalls, filtered", value: ["toolCalls", "filtered"], unusable: ["all", "toolCalls,,other"] },
  cacheSharesFallback: turnedOn,
  cacheReplay: { text: "recorded", value: "recorded", unusable: ["slow"] },
  cacheMaxBytes: { ...bytes, text: "128 MiB", value: 128 * 1024 * 1024 },
  cacheMaxEntries: { ...count, unusable: [...count.unusable, "10000001"] },
  cacheMaxEntryBytes: bytes,
  cacheTimeout: duration,
  budget: {
    text: "100 USD per day; 10.50 CNY per day/tenant:acme",
    value: [
      { amount: "100", currency: "USD", per: ["day"] },
      { amount: "10.50", currency: "CNY", per: ["day"], only: { tenant: "acme" } }
    ],
    unusable: []
  },
  budgetStore: { text: "sqlite:budget.db", value: { _tag: "Sqlite", path: "budget.db" }, unusable: ["off", "file:a"] },
  budgetOnUnknownPrice: { text: "allow", value: "allow", unusable: ["ask"] },
  budgetOnStoreError: { text: "allow", value: "allow", unusable: ["ask"] },
  budgetTimeout: { ...duration, unusable: [...durations.unusable, "1 micro"] },
  budgetLease: { ...duration, unusable: [...durations.unusable, "1 micro"] },
  budgetThresholds: { text: "0.1, 1", value: [0.1, 1], unusable: ["0.1; 1", "0", "80%"] },
  budgetMaxWait: { ...duration, unusable: [...durations.unusable, "1 micro"] },
  budgetDefaultOutputTokens: { text: "4096", value: 4096, unusable: ["0", "1.5", "many"] },
  budgetLostAttempts: {
    text: "200 tokens per second",
    value: { tokensPerSecond: 200 },
    unusable: ["200", "0 tokens per second", "lower bound"]
  },
  budgetTimeZone: { text: "Europe/Berlin", value: "Europe/Berlin", unusable: ["Berlin", "Mars/Olympus"] },
  budgetCheckBalance: turnedOn,
  hedgeDelay: duration,
  hedgePercentile: part,
  hedgeMinimumSamples: { ...count, unusable: [...count.unusable, "129"] },
  hedgeMinimumDelay: duration,
  hedgeResponseDelay: duration,
  hedgeRatio: part,
  hedgeCapacity: { text: "1.5", value: 1.5, unusable: ["0.5", "many", "Infinity"] },
  telemetry: turnedOn,
  telemetryContent: turnedOn,
  telemetryContentLength: count,
  telemetryInterval: { ...duration, unusable: [...durations.unusable, "1 micro"] },
  telemetryMaxLabelValues: count,
  telemetryMaxSeries: count,
  logLevel: { text: "WARN", value: "Warn", unusable: ["loud", "warning", " Warn", "3"] },
  logFormat: { text: "JSON", value: "json", unusable: ["xml"] },
  callLog: turnedOn,
  callLogSample: count,
  auditLog: { text: "var/audit.jsonl", value: "var/audit.jsonl", unusable: ["a\0b", " ", "\t"] },
  auditDurability: { text: "synced", value: "synced", unusable: ["sync"] },
  healthTimeToLive: duration,
  healthTimeout: duration,
  healthFailureThreshold: count,
  healthBalanceWarning: amount,
  healthBalanceTimeToLive: duration,
  healthSlowAfter: duration,
  healthQueueWarning: fraction,
  healthBudgetWarning: fraction,
  healthPaidProbe: turnedOn,
  healthProbeModel: model,
  healthProbeTimeToLive: duration,
  healthProbeTimeout: duration
}
