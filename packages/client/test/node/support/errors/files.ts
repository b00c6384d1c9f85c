/** Errors of files and media, by tag: the reply of a host, and the operation that fails with it. */
import type { KimiError } from "@kimi-effect/core/KimiError"
import { ErrorReply, Reply } from "@kimi-effect/testing"
import { Effect } from "effect"
import { HttpClient, HttpClientResponse } from "effect/http"
import * as Media from "../../../../src/files/Media.ts"
import { withFiles } from "../../../files/support/files.ts"

const failed = { id: "f", bytes: 1, created_at: 1, filename: "a.pdf", purpose: "file-extract", status: "error" }

const gone = HttpClient.make((request) =>
  Effect.sync(() => HttpClientResponse.fromWeb(request, new Response("gone", { status: 410 })))
)

export const files = {
  FileNotFoundError: withFiles((files) => Effect.flip(files.get("no-such-file"))),
  FileLimitError: withFiles((files, server) =>
    Effect.andThen(
      server.replyAt("POST /v1/files", ErrorReply.table.tooManyFiles),
      Effect.flip(files.upload({ purpose: "batch", content: "{}" }))
    )
  ),
  FileProcessingError: withFiles((files, server) =>
    Effect.andThen(server.replyAt("GET /v1/files/f", Reply.json(failed)), Effect.flip(files.awaitReady("f")))
  ),
  MediaFetchError: Media.fetch("https://images.example.com/a.png").pipe(
    Effect.provideService(HttpClient.HttpClient, gone),
    Effect.flip
  )
} satisfies { readonly [Tag in KimiError["_tag"]]?: Effect.Effect<KimiError, unknown> }
