/** All ids of a picture so far, kept so that a broken stream can get them again. */
export class IdLog {
  readonly #ids: number[] = [];
  #finished = false;
  #wake: () => void = () => {};
  #changed = this.#promise();

  #promise(): Promise<void> {
    return new Promise((resolve) => (this.#wake = resolve));
  }

  #change(): void {
    const wake = this.#wake;
    this.#changed = this.#promise();
    wake();
  }

  append(ids: readonly number[]): void {
    if (this.#finished) {
      throw new Error("ids after finish()");
    }
    for (const id of ids) {
      if (!Number.isInteger(id) || id < 0 || id > 0xffffffff) {
        throw new RangeError(`an id must be a whole number from 0 to 4294967295, is ${id}`);
      }
      this.#ids.push(id);
    }
    this.#change();
  }

  finish(): void {
    this.#finished = true;
    this.#change();
  }

  /** All ids from the first on, in pieces as they come, until the last or until `ended`. */
  async *follow(ended: Promise<unknown>): AsyncGenerator<number[]> {
    let over = false;
    const end = ended.then(() => (over = true));
    for (let sent = 0; !over; ) {
      if (sent < this.#ids.length) {
        const piece = this.#ids.slice(sent);
        sent += piece.length;
        yield piece;
      } else if (this.#finished) {
        return;
      } else {
        await Promise.race([this.#changed, end]);
      }
    }
  }
}
