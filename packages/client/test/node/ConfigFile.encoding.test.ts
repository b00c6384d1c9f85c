import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { KimiConfig } from "@kimi-effect/core"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Layer, Redacted } from "effect"
import * as ConfigFile from "../../src/node/ConfigFile.ts"
import { folder } from "./support/files.ts"

const key = "sk-canary-5e17"
const lines = `KIMI_API_KEY="${key}"\nKIMI_MODEL=from-file\n`
const windowsLines = lines.replaceAll("\n", "\r\n")
const json = JSON.stringify({ kimi: { apiKey: key, model: "from-file" } })

const utf16 = (text: string, order: "le" | "be"): Buffer => {
  const bytes = Buffer.from(`\ufeff${text}`, "utf16le")
  return order === "le" ? bytes : bytes.swap16()
}

/** The configuration of one file of some bytes. */
const configOf = Effect.fnUntraced(function* (name: "dotEnv" | "json", bytes: string | Uint8Array) {
  const path = join(yield* folder, name)
  writeFileSync(path, bytes)
  return yield* KimiConfig.KimiConfig.pipe(
    Effect.provide(
      KimiConfig.layerConfig().pipe(
        Layer.provide(ConfigFile.layer({ [name]: path })),
        Layer.provide(ConfigProvider.layer(ConfigProvider.fromEnvRecord({})))
      )
    )
  )
})

describe("ConfigFile.layer reads a .env file", () => {
  for (const [name, bytes] of [
    ["in UTF-8 with a mark", `\ufeff${lines}`],
    ["in UTF-16 of little-endian order, as PowerShell writes it", utf16(windowsLines, "le")],
    ["in UTF-16 of big-endian order", utf16(windowsLines, "be")],
    ["with the line ends of Windows", windowsLines],
    ["with the line ends of early Macs", lines.replaceAll("\n", "\r")],
    ["without a last line end", lines.trimEnd()],
    ["with exports", `export KIMI_API_KEY=${key}\n  export KIMI_MODEL = from-file\n`],
    ["with comments", `# a comment\n\n  # 'another\n${lines}KIMI_PROXY=off # as here\n`],
    ["with a value of several lines", `NOTE="first\nsecond = 'x'\n\nlast" # done\n${lines}`],
    ["with a quote inside of quotes", `NOTE='it's'\nOTHER="a \\" b"\n${lines}`],
    ["with an empty value", `NOTE=\nOTHER=""\n${lines}`]
  ] as const) {
    it.effect(name, () =>
      Effect.gen(function* () {
        const config = yield* configOf("dotEnv", bytes)
        assert.deepStrictEqual([config.apiKey && Redacted.value(config.apiKey), config.model], [key, "from-file"])
      })
    )
  }
})

describe("ConfigFile.layer reads a JSON document", () => {
  for (const [name, bytes] of [
    ["in UTF-8 with a mark", `\ufeff${json}`],
    ["in UTF-16 of little-endian order", utf16(json, "le")],
    ["in UTF-16 of big-endian order", utf16(json, "be")]
  ] as const) {
    it.effect(name, () =>
      Effect.gen(function* () {
        assert.strictEqual((yield* configOf("json", bytes)).model, "from-file")
      })
    )
  }
})

const encodings = "text in UTF-8, or in UTF-16 with a byte order mark"
const form = "lines of the form NAME=value"

describe("ConfigFile.layer refuses a .env file", () => {
  for (const [name, bytes, expected] of [
    [
      "in UTF-16 without a mark",
      utf16(lines, "le").subarray(2),
      `${encodings}; line 1 contains NUL bytes, as in UTF-16 without a mark`
    ],
    [
      "in UTF-16 of big-endian order without a mark",
      utf16(lines, "be").subarray(2),
      `${encodings}; line 1 contains NUL bytes, as in UTF-16 without a mark`
    ],
    ["in UTF-32", Buffer.from([0xff, 0xfe, 0, 0, 0x4b, 0, 0, 0]), `${encodings}; it is in UTF-32`],
    ["in Latin-1", Buffer.from(`${lines}NAME=\xe9\n`, "latin1"), `${encodings}; line 3 is not UTF-8`],
    ["of half a UTF-16 unit", utf16(lines, "le").subarray(0, -1), `${encodings}; line 2 is not UTF-16LE`],
    [
      "with NUL bytes after its lines",
      `${lines}\0\0\0\0`,
      `${encodings}; line 3 contains NUL bytes, as in UTF-16 without a mark`
    ],
    ["with control characters", `${lines}NOTE=\u001b[0m\n`, `${encodings}; line 3 contains a control character`],
    ["that is HTML", `<!DOCTYPE html>\n<p>${key}</p>\n`, `${form}; line 1 is not NAME=value, or a comment`],
    ["that is JSON", json, `${form}; line 1 is not NAME=value, or a comment`],
    [
      "that is JSON on several lines",
      `{\n"KIMI_API_KEY": "${key}"\n}`,
      `${form}; line 1 is not NAME=value, or a comment`
    ],
    ["that is YAML", `kimi:\n  apiKey: ${key}\n`, `${form}; line 1 is not NAME=value, or a comment`],
    [
      "that is a script of PowerShell",
      `$env:KIMI_API_KEY = "${key}"\n`,
      `${form}; line 1 is not NAME=value, or a comment`
    ],
    ["that ends within a name", `${lines}KIMI_BASE_U`, `${form}; line 3 is not NAME=value, or a comment`],
    [
      "that ends within a quoted value",
      `KIMI_MODEL=a\nKIMI_API_KEY="${key}`,
      `${form}; line 2 is not a value whose quote is closed`
    ],
    [
      "with a quote that another line closes",
      `KIMI_API_KEY="${key}\nKIMI_MODEL="a"\n`,
      `${form}; line 1 is not a value whose quote is closed`
    ],
    ["with a name that is none", `${lines}KIMI MODEL=a\n`, `${form}; line 3 is not NAME=value, or a comment`],
    ["that is too large", `${lines}#${"x".repeat(1_048_576)}`, "a file of at most 1048576 bytes"]
  ] as const) {
    it.effect(name, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(configOf("dotEnv", bytes))
        assert.deepStrictEqual(
          error.issues.map((issue) => issue.expected),
          [expected]
        )
      })
    )

    it.effect(`${name}, without its text in the error`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(configOf("dotEnv", bytes))
        assert.notInclude(JSON.stringify([error.message, error.issues]), "canary")
      })
    )
  }

  it.effect("that is a folder", () =>
    Effect.gen(function* () {
      const path = yield* folder
      const error = yield* Effect.flip(ConfigFile.make({ dotEnv: path }))
      assert.deepStrictEqual(error.issues, [
        { name: path, expected: "a file that can be read; it is a folder and not a file (EISDIR)" }
      ])
    })
  )
})

describe("ConfigFile.layer refuses a JSON document", () => {
  for (const [name, text, expected] of [
    ["that ends too early", json.slice(0, -3), "a JSON document; line 1 is not JSON"],
    ["with a value that is none", `{\n"kimi":\n${key}}`, "a JSON document; it is not JSON"],
    ["with a comma too many", `{\n"kimi": {\n"apiKey": "${key}",\n}}`, "a JSON document; line 4 is not JSON"],
    ["that is empty", "", "a JSON document; it is incomplete"],
    ["that is a list", "[]", "a JSON object whose member kimi is an object with the options"]
  ] as const) {
    it.effect(name, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(configOf("json", text))
        assert.deepStrictEqual(
          error.issues.map((issue) => issue.expected),
          [expected]
        )
      })
    )
  }
})
