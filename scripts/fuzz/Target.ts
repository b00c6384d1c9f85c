/** One decoder to fuzz. */
export interface Target {
  readonly name: string
  /** Valid inputs, which are mutated. */
  readonly samples: ReadonlyArray<Uint8Array>
  /** Texts with a meaning for the decoder, which mutations insert. */
  readonly tokens: ReadonlyArray<string>
  /** Decodes an input. Throws when the result is not one that the decoder documents. */
  readonly run: (input: Uint8Array) => void | Promise<void>
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

export const toBytes = (text: string): Uint8Array => encoder.encode(text)

/** The text of an input; invalid UTF-8 is replaced, as in a body. */
export const toText = (input: Uint8Array): string => decoder.decode(input)

/** Throws unless the condition holds. */
export const expect = (isAsExpected: boolean, message: () => string): void => {
  if (!isAsExpected) throw new Error(message())
}
