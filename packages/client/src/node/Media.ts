/**
 * Images and videos as parts of a message, from local files and from URLs too.
 *
 * @since 0.1.0
 */
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import { loadModule } from "@kimi-effect/core/internal/ModuleLoader"
import type { MediaPart } from "@kimi-effect/core/Message"
import type { FetchMediaError, FileReadyError, FileUploadError } from "@kimi-effect/core/OperationErrors"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import type { Files } from "../files/Files.ts"
import * as Media from "../files/Media.ts"
import { open } from "./Files.ts"
import * as UndiciHttpClient from "./UndiciHttpClient.ts"

export * from "../files/Media.ts"

/**
 * Puts a small local image or video into the message and uploads a larger one:
 * `inlineUpTo` is in bytes, a MiB by default. `Infinity` uploads none.
 *
 * Never pass a path from a model or another user unless it is checked.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromPath = (
  path: string,
  options?: Parameters<typeof Media.attach>[1]
): Effect.Effect<MediaPart, FileUploadError | FileReadyError, Files> =>
  Effect.flatMap(open(path), (file) => Media.attach(file, options))

/** Each fetch has its own connections: it has other rules than those of the host. */
const guarded = (allowPrivateAddresses: boolean) =>
  Effect.flatMap(
    loadModule(() => import("./internal/publicLookup.ts")),
    (PublicLookup) =>
      UndiciHttpClient.make({
        connectTimeout: Duration.seconds(10),
        maxConnections: 1,
        // A proxy would resolve the name itself.
        proxy: "off",
        lookup: allowPrivateAddresses ? undefined : PublicLookup.make()
      })
  )

/**
 * Fetches an image or a video from a URL, as `Media.fetch` of
 * `@kimi-effect/client/files` does, and checks every address that its name
 * resolves to: it connects only to addresses of the public internet. Proxies are
 * not used.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fetch = (
  url: string,
  options: Media.FetchOptions = {}
): Effect.Effect<Uint8Array, FetchMediaError | ConfigurationError> =>
  Effect.scoped(
    Effect.flatMap(guarded(options.allowPrivateAddresses === true), (client) =>
      Effect.provideService(Media.fetch(url, options), HttpClient.HttpClient, client)
    )
  )
