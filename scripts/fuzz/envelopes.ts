/** Fuzzes the envelopes of cache entries, with and without encryption. */
import * as CacheEnvelope from "@kimi-effect/core/internal/CacheEnvelope"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { expect, type Target, toBytes } from "./Target.ts"

const key = "a".repeat(64)
const bodies = ["", "a short body", "a body that is compressed. ".repeat(40)].map(toBytes)
const options: Partial<CacheEnvelope.Options> = { compressionThreshold: 256, maxBytes: 65_536 }

interface Sealed {
  readonly envelope: CacheEnvelope.CacheEnvelope
  /** The only inputs that it opens, in base64. */
  readonly known: ReadonlySet<string>
}

const toBase64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64")

const makeSamples = Effect.gen(function* () {
  const samples: Array<Uint8Array> = []
  const envelopes: Array<Sealed> = []
  for (const encryptionKey of [undefined, Redacted.make("0123456789abcdef".repeat(4))]) {
    const envelope = yield* CacheEnvelope.make({ ...options, encryptionKey })
    const sealed: Array<Uint8Array> = []
    for (const body of bodies) {
      const entry = yield* envelope.seal(key, { body, createdAt: 1, staleAt: 2, expiresAt: 3 })
      sealed.push(...Option.toArray(entry))
    }
    envelopes.push({ envelope, known: new Set(sealed.map(toBase64)) })
    samples.push(...sealed)
  }
  return { samples, envelopes }
})

const { envelopes, samples } = await Effect.runPromise(makeSamples)

const run = async (input: Uint8Array): Promise<void> => {
  for (const { envelope, known } of envelopes) {
    const opened = await Effect.runPromise(envelope.open(key, input))
    expect(Option.isSome(opened) === known.has(toBase64(input)), () =>
      Option.isSome(opened) ? "a changed entry was opened" : "an unchanged entry was not opened"
    )
  }
}

export const envelopesTarget: Target = {
  name: "envelopes",
  samples,
  tokens: ["KmfC", "\u0001", "\u0000\u0000\u0000\u0000", "\uFFFF", "KmfC\u0001\u0001"],
  run
}
