import { createServer } from "node:http"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { HttpClient } from "effect/http"
import * as Files from "../../src/files/Files.ts"
import * as PortableMedia from "../../src/files/Media.ts"
import * as PublicLookup from "../../src/node/internal/publicLookup.ts"
import * as Media from "../../src/node/Media.ts"
import * as UndiciHttpClient from "../../src/node/UndiciHttpClient.ts"
import { withFiles } from "../files/support/files.ts"
import { pixel } from "../files/support/media.ts"

/** A server of images on this machine, which counts its requests. */
const imageServer = Effect.gen(function* () {
  let requests = 0
  const server = createServer(({ url }, response) => {
    requests++
    // Too large to be buffered on the way.
    if (url === "/redirect") response.writeHead(302, { location: "/" }).end(Buffer.alloc(4_000_000))
    else response.end(pixel)
  })
  const port = yield* Effect.acquireRelease(
    Effect.callback<number>((resume) => {
      server.listen(0, "127.0.0.1", () => {
        const address = server.address()
        resume(typeof address === "object" && address !== null ? Effect.succeed(address.port) : Effect.die(address))
      })
    }),
    () =>
      Effect.sync(() => {
        server.close()
        server.closeAllConnections()
      })
  )
  return { port, requests: () => requests }
})

describe("Media.fetch on Node", () => {
  it.live("fetches from a private address where it is allowed", () =>
    Effect.gen(function* () {
      const { port } = yield* imageServer
      const options = { allowHttp: true, allowPrivateAddresses: true }
      assert.deepStrictEqual(Uint8Array.from(yield* Media.fetch(`http://127.0.0.1:${port}/`, options)), pixel)
    })
  )

  it.live("follows a redirect whose body is not read", () =>
    Effect.gen(function* () {
      const { port } = yield* imageServer
      const options = { allowHttp: true, allowPrivateAddresses: true }
      const bytes = yield* Media.fetch(`http://127.0.0.1:${port}/redirect`, options)
      assert.deepStrictEqual(Uint8Array.from(bytes), pixel)
    })
  )

  it.live("refuses a private address in the URL", () =>
    Effect.gen(function* () {
      const { port, requests } = yield* imageServer
      const error = yield* Effect.flip(Media.fetch(`http://127.0.0.1:${port}/`, { allowHttp: true }))
      assert.deepInclude(error, { _tag: "UnsupportedMediaError", parameter: "url" })
      assert.strictEqual(requests(), 0)
    })
  )

  it.live("does not connect to what a public name resolves to in private", () =>
    Effect.gen(function* () {
      const { port, requests } = yield* imageServer
      const client = yield* UndiciHttpClient.make({
        connectTimeout: Duration.seconds(5),
        maxConnections: 1,
        proxy: "off",
        lookup: PublicLookup.make((_name, _options, callback) => callback(null, [{ address: "127.0.0.1", family: 4 }]))
      })
      const error = yield* PortableMedia.fetch(`http://images.example.com:${port}/`, { allowHttp: true }).pipe(
        Effect.provideService(HttpClient.HttpClient, client),
        Effect.flip
      )
      assert.deepInclude(error, { _tag: "UnsupportedMediaError", parameter: "url" })
      assert.strictEqual(requests(), 0)
    })
  )
})

describe("Media.fromPath", () => {
  const withFile = <A, E>(name: string, bytes: Uint8Array, use: (path: string) => Effect.Effect<A, E>) =>
    Effect.acquireUseRelease(
      Effect.promise(() => mkdtemp(join(tmpdir(), "kimi-media-"))),
      (folder) => {
        const path = join(folder, name)
        return Effect.andThen(
          Effect.promise(() => writeFile(path, bytes)),
          use(path)
        )
      },
      (folder) => Effect.promise(() => rm(folder, { recursive: true }))
    )

  it.live("puts a small image into the message", () =>
    withFiles((files) =>
      Effect.gen(function* () {
        const part = yield* withFile("photo", pixel, (path) =>
          Effect.provideService(Media.fromPath(path), Files.Files, files)
        )
        assert.deepStrictEqual(part, yield* Media.inline(pixel))
      })
    )
  )

  it.live("uploads a larger image with its name", () =>
    withFiles((files) =>
      Effect.gen(function* () {
        yield* withFile("photo.png", pixel, (path) =>
          Effect.provideService(Media.fromPath(path, { inlineUpTo: 10 }), Files.Files, files)
        )
        const [file] = yield* files.list("image")
        assert.deepInclude(file, { filename: "photo.png", bytes: pixel.length })
      })
    )
  )

  it.live("fails for a file that does not exist", () =>
    withFiles((files) =>
      Effect.gen(function* () {
        const path = join(tmpdir(), "kimi-no-such-file.png")
        const error = yield* Effect.flip(Effect.provideService(Media.fromPath(path), Files.Files, files))
        assert.deepInclude(error, { _tag: "InvalidRequestError", parameter: "path" })
        assert.include(error.message, "ENOENT")
      })
    )
  )
})
