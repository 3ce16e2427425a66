import { readFile } from "node:fs/promises";
import { MaditClient } from "madit-client";

const client = new MaditClient();
const ids = await client.tokenize(await readFile("demo/pictures/tree.png")); // a language model would give the ids
const picture = await client.detokenize(ids, { seed: 7n });
await picture.save("tree.png");
console.log(`tree.png, ${picture.width} x ${picture.height}, ${picture.report?.rounds} rounds`);
client.close();
