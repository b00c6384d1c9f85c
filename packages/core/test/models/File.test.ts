import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { FileDeleted, FileList, FileObject, FilePurpose } from "../../src/models/File.ts"
import { refusal, throughText } from "../support/codec.ts"

const wire = {
  id: "file_1",
  object: "file",
  bytes: 12,
  created_at: 1_790_000_000,
  filename: "a.pdf",
  purpose: "file-extract",
  status: "ready",
  status_details: null
}
const { object: _, status_details: __, ...read } = wire

describe("FileObject", () => {
  it("encodes a decoded file without null", () => {
    const file = Schema.decodeUnknownSync(FileObject)(wire)
    assert.deepStrictEqual(file, read)
    assert.deepStrictEqual(throughText(Schema.encodeSync(FileObject)(file)), read)
  })

  it("reads an unknown purpose or status", () => {
    const file = Schema.decodeUnknownSync(FileObject)({ ...wire, purpose: "batch_output", status: "error" })
    assert.deepInclude(file, { purpose: "batch_output", status: "error" })
  })

  it("refuses a file without an id", () => {
    assert.include(refusal(FileObject, { ...wire, id: null }), '["id"]')
  })

  it("reads a list of files", () => {
    assert.deepStrictEqual(Schema.decodeUnknownSync(FileList)({ object: "list", data: [wire] }), { data: [read] })
  })

  it("reads the response of a deletion", () => {
    const deleted = { id: "file_1", object: "file", deleted: true }
    assert.deepStrictEqual(Schema.decodeUnknownSync(FileDeleted)(deleted), { id: "file_1", deleted: true })
  })

  it("accepts the four documented purposes", () => {
    for (const purpose of ["file-extract", "image", "video", "batch"]) assert.isTrue(Schema.is(FilePurpose)(purpose))
    assert.isFalse(Schema.is(FilePurpose)("batch_output"))
  })
})
