/** Bytes on disk that are not what LevelDB wrote. Turned into a `StoreError` with the file's name where files are checked. */
export class Damage extends Error {
  override readonly name = 'Damage';
}
