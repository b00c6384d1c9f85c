import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as SchemaJITCompiler from "effect/schema/SchemaJITCompiler"
import type * as SchemaAST from "effect/SchemaAST"
import { compiledCodec, usesUntilCompiled } from "../../src/internal/compiledCodec.ts"

const makeSchema = () => Schema.Struct({ id: Schema.String, count: Schema.optionalKey(Schema.NullOr(Schema.Finite)) })

const inputs: ReadonlyArray<unknown> = [
  { id: "a" },
  { id: "a", count: null, more: true },
  { id: 1 },
  { id: "a", count: "1" },
  null,
  []
]

/** A codec with the compiler that it loads, and the schemas that the compiler was enabled for. */
const setup = (load: (enable: (ast: SchemaAST.AST) => void) => Promise<{ enable: (ast: SchemaAST.AST) => void }>) => {
  const schema = makeSchema()
  const enabled: Array<SchemaAST.AST> = []
  let loads = 0
  const codec = compiledCodec(
    schema.ast,
    () => Schema.decodeUnknownResult(schema),
    () => {
      loads += 1
      return load((ast) => {
        enabled.push(ast)
        SchemaJITCompiler.enable(ast)
      })
    }
  )
  return { codec, schema, enabled, loads: () => loads }
}

const available = (enable: (ast: SchemaAST.AST) => void) => Promise.resolve({ enable })

const use = (codec: (input: unknown) => unknown, times: number): void => {
  for (let i = 0; i < times; i++) codec({ id: "a" })
}

/** Runs the reactions of promises that are settled. */
const settle = async (): Promise<void> => {
  for (let i = 0; i < 8; i++) await Promise.resolve()
}

describe("compiledCodec", () => {
  it("loads no compiler for few uses", () => {
    const { codec, loads } = setup(available)
    use(codec, usesUntilCompiled - 1)
    assert.strictEqual(loads(), 0)
  })

  it("compiles its schema once", async () => {
    const { codec, enabled, schema } = setup(available)
    use(codec, usesUntilCompiled * 4)
    await settle()
    use(codec, usesUntilCompiled * 4)
    await settle()
    assert.deepStrictEqual(enabled, [schema.ast])
  })

  it("has the same results when it is compiled", async () => {
    const { codec, enabled } = setup(available)
    const interpreted = inputs.map((input) => String(codec(input)))
    use(codec, usesUntilCompiled)
    await settle()
    assert.strictEqual(enabled.length, 1)
    assert.deepStrictEqual(
      inputs.map((input) => String(codec(input))),
      interpreted
    )
  })

  it("makes the codec again when the schema is compiled", async () => {
    let made = 0
    const codec = compiledCodec(
      makeSchema().ast,
      () => {
        made += 1
        const version = made
        return () => version
      },
      () => Promise.resolve({ enable: () => undefined })
    )
    use(codec, usesUntilCompiled)
    await settle()
    assert.strictEqual(codec({}), 2)
  })

  it("stays interpreted where the compiler cannot be loaded", async () => {
    const { codec } = setup(() => Promise.reject(new Error("no such chunk")))
    const interpreted = inputs.map((input) => String(codec(input)))
    use(codec, usesUntilCompiled)
    await settle()
    assert.deepStrictEqual(
      inputs.map((input) => String(codec(input))),
      interpreted
    )
  })
})
