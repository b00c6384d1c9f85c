import { assert, describe, it } from "@effect/vitest"
import * as ErrorReply from "../../../src/ErrorReply.ts"
import { HostFiles } from "../../../src/internal/host/HostFiles.ts"
import type { FormPart, ReceivedRequest } from "../../../src/node/ReceivedRequest.ts"

const make = () => new HostFiles({ maxFiles: 2, maxFileBytes: 10 }, () => 1_700_000_000_999)

const request = (method: string, path: string, form?: ReadonlyArray<FormPart>): ReceivedRequest => ({
  method,
  path: `/v1/files${path}`,
  query: "",
  headers: {},
  body: "",
  json: undefined,
  form
})

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

const upload = (purpose: string, content: string, filename = "a.jsonl") =>
  request("POST", "", [
    { name: "purpose", bytes: bytes(purpose) },
    { name: "file", filename, bytes: bytes(content) }
  ])

describe("an upload", () => {
  it("is stored with its time in seconds", () => {
    assert.deepInclude(make().respond(upload("batch", "{}"))?.body, {
      id: "file-000001",
      object: "file",
      bytes: 2,
      created_at: 1_700_000_000,
      status: "ready"
    })
  })

  for (const [name, refused, expected] of [
    ["another purpose", upload("lambda", "{}"), ErrorReply.table.invalidPurpose],
    ["no content", upload("batch", ""), ErrorReply.table.fileEmpty],
    ["too many bytes", upload("batch", "x".repeat(11)), ErrorReply.table.fileTooLarge]
  ] as const) {
    it(`is refused with the text of the host: ${name}`, () => {
      assert.strictEqual(make().respond(refused), expected)
    })
  }

  it("is refused when the account is full", () => {
    const files = make()
    files.respond(upload("batch", "1"))
    files.respond(upload("batch", "2"))
    assert.match(JSON.stringify(files.respond(upload("batch", "3"))?.body), /exceeded the max file count 2, please/)
  })

  it("is refused without a form", () => {
    assert.deepInclude(make().respond(request("POST", "")), { status: 400 })
  })

  it("is refused for a batch with another suffix", () => {
    assert.deepInclude(make().respond(upload("batch", "{}", "a.txt")), { status: 400 })
  })
})

describe("a stored file", () => {
  const stored = () => {
    const files = make()
    files.respond(upload("file-extract", "text", "a.txt"))
    return files
  }

  it("is listed", () => {
    assert.match(JSON.stringify(stored().respond(request("GET", ""))?.body), /"filename":"a.txt"/)
  })

  it("has its text as content", () => {
    assert.deepInclude(stored().respond(request("GET", "/file-000001/content")), { body: "text" })
  })

  it("is gone when it was deleted", () => {
    const files = stored()
    assert.deepInclude(files.respond(request("DELETE", "/file-000001"))?.body, { deleted: true })
    assert.deepInclude(files.respond(request("GET", "/file-000001")), { status: 404 })
  })
})
