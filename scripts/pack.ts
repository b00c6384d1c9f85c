/** `node scripts/pack.ts <folder>` packs every public package that programs import into a folder. */
import { pack } from "./tarballs.ts"

const [folder] = process.argv.slice(2)
if (folder === undefined) {
  process.stderr.write("Usage: node scripts/pack.ts <folder>\n")
  process.exit(2)
}
pack(folder)
