/**
 * Codecs that run once for every call or chunk. They are interpreted at first,
 * and compiled when a program has used them often: the compiler is larger than
 * most schemas, and a program that makes one call neither loads nor runs it.
 */
import type * as SchemaAST from "effect/SchemaAST"

/** What of Effect's compiler is used. */
interface Compiler {
  readonly enable: (ast: SchemaAST.AST) => void
}

/** The uses after which a codec is compiled. */
export const usesUntilCompiled = 16

const loadCompiler = (): Promise<Compiler> => import("effect/schema/SchemaJITCompiler")

/**
 * The codec of a schema. `make` makes it from the schema of `ast`, and is called
 * again when the schema is compiled. Where the compiler cannot be loaded, the
 * codec stays interpreted, with the same results.
 */
export const compiledCodec = <A>(
  ast: SchemaAST.AST,
  make: () => (input: unknown) => A,
  load: () => Promise<Compiler> = loadCompiler
): ((input: unknown) => A) => {
  let codec = make()
  let left = usesUntilCompiled
  const compile = async (): Promise<void> => {
    const { enable } = await load()
    enable(ast)
    codec = make()
  }
  return (input) => {
    if (left > 0) {
      left -= 1
      if (left === 0) void compile().catch(() => undefined)
    }
    return codec(input)
  }
}
