/**
 * A question about a local image, a larger image as an uploaded file, and the text of a document.
 *
 * `Media.fetch` fetches an image from a URL; a message with a URL is refused, because the host does not fetch it.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"
import { KimiClient } from "@kimi-effect/client"
import { Files, KimiNode, Media } from "@kimi-effect/client/node"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

const folder = mkdtempSync(join(tmpdir(), "kimi-files-"))
/** The names of the files begin with it, so that no other file of the account is deleted at the end. */
const prefix = basename(folder)
const photo = join(folder, `${prefix}.png`)
const report = join(folder, `${prefix}.md`)
const onePixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
writeFileSync(photo, Buffer.from(onePixel, "base64"))
writeFileSync(report, "# Sales\n\n" + "They rose in every quarter.\n".repeat(10_000))

const program = Effect.gen(function* () {
  const kimi = yield* KimiClient.KimiClient
  const files = yield* Files.Files

  // Small images are part of the message.
  const image = yield* Media.fromPath(photo)
  const answer = yield* kimi.chat({
    messages: [{ role: "user", content: [image, { type: "text", text: "What is in this picture?" }] }]
  })
  yield* Console.log(answer.text)

  // Larger ones are uploaded. The bound is lower here than the default of 1 MiB.
  const reference = yield* Media.fromPath(photo, { inlineUpTo: 10 })
  yield* Console.log(`uploaded as ${JSON.stringify(reference)}`)

  // The host extracts the text of a document.
  const { id } = yield* files.upload({
    purpose: "file-extract",
    content: yield* Files.open(report),
    onProgress: ({ sent, total }) => Console.log(`${sent} of ${total} bytes`)
  })
  yield* files.awaitReady(id)
  const text = yield* files.text(id)
  yield* Console.log(`the document has ${text.length} characters`)

  const linked = kimi.chat({
    messages: [{ role: "user", content: [{ type: "image_url", image_url: { url: "https://example.com/cat.png" } }] }]
  })
  const refused = yield* Effect.flip(linked)
  yield* Console.log(`${refused._tag}: ${refused.hint}`)

  const deleted = yield* files.deleteAll(({ filename }) => filename.startsWith(prefix))
  yield* Console.log(`${deleted.length} files deleted`)
})

const layer = Layer.merge(KimiNode.layerConfig(), Files.layer().pipe(Layer.provide(KimiNode.layerHostApiConfig())))

await Effect.runPromise(program.pipe(Effect.provide(layer)))
rmSync(folder, { recursive: true })
