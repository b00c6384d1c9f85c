/** Fuzzes the texts of configuration files: `.env` files and JSON documents. */
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import * as Cause from "effect/Cause"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as configProviders from "../../packages/client/src/node/internal/configProviders.ts"
import * as configText from "../../packages/client/src/node/internal/configText.ts"
import { expect, type Target, toBytes } from "./Target.ts"

const secret = "sk-fuzz-0123456789"

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null

const path = "config"

/** The options of a file, as `ConfigFile` reads it. */
const optionsOf = (input: Uint8Array, parse: typeof configProviders.fromDotEnv) => {
  const decoded = configText.decode(input)
  return decoded.expected === undefined
    ? Effect.flatMap(parse(decoded.text, path, new configProviders.ConfigHistory()), (provider) =>
        Effect.provideService(KimiConfig.fromConfig(), ConfigProvider.ConfigProvider, provider)
      )
    : Effect.fail(configText.invalidFile(path, decoded.expected))
}

const run = (input: Uint8Array): void => {
  for (const parse of [configProviders.fromDotEnv, configProviders.fromJson]) {
    const exit = Effect.runSyncExit(optionsOf(input, parse))
    if (Exit.isSuccess(exit)) continue
    const error = Cause.squash(exit.cause)
    expect(
      isObject(error) && "_tag" in error && error._tag === "ConfigurationError",
      () => `not a ConfigurationError: ${Cause.pretty(exit.cause)}`
    )
    expect(!JSON.stringify(error).includes(secret), () => "the error contains the key")
  }
}

const lines = [
  `KIMI_API_KEY=${secret}`,
  "KIMI_BASE_URL=https://api.moonshot.ai/v1",
  "KIMI_TIER=3",
  'KIMI_DEADLINE="90 seconds"',
  "KIMI_CACHE=sqlite:cache.db",
  "KIMI_BUDGET='100 USD per day; 10 USD per day/tenant; 500 USD per tenant:acme'",
  "KIMI_BREAKER_WINDOW=100 calls",
  "KIMI_CACHE_ALSO=toolCalls, truncated",
  "KIMI_RETRY_JITTER=equal",
  "# a comment"
]

const document = {
  kimi: {
    apiKey: secret,
    tier: 3,
    deadline: "90 seconds",
    cache: "redis://127.0.0.1:6379",
    budget: [{ amount: "100", currency: "USD", per: ["day"] }],
    breakerWindow: "1 minute",
    fallback: [{ provider: "moonshot-cn", model: "kimi-k3" }]
  }
}

export const configurations: Target = {
  name: "configurations",
  samples: [toBytes(lines.join("\n")), toBytes(JSON.stringify(document)), toBytes(JSON.stringify(document, null, 2))],
  tokens: [
    ...Object.keys(KimiConfig.options).flatMap((name) => [`\n${name}=`, `"${name}":`]),
    ...(Object.keys(KimiConfig.options) as ReadonlyArray<KimiConfig.Name>).map(
      (name) => `\n${KimiConfig.variableName(name)}=`
    ),
    "off",
    "memory",
    "redis://",
    "sqlite:",
    "file:\u0000",
    "1e309",
    "-1",
    "NaN",
    "Infinity",
    "1 second",
    "0.5",
    "per",
    "USD",
    ";",
    "/",
    "${KIMI_API_KEY}",
    '"',
    "'",
    "`",
    "\\n",
    "export ",
    "__proto__",
    "[]",
    "{}",
    "null"
  ],
  run
}
