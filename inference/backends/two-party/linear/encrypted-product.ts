/** x·W for rows that the client knows and a matrix that the server knows: one message each way. */
import { giveBack } from '../../../core/words.js';
import { sendPieces } from '../../../crypto/pieces.js';
import { inputBytes, outputBytes, type PackedLayout } from '../../../crypto/rlwe/packed-layout.js';
import { type Product, rowMajor } from '../../../crypto/rlwe/packed-product.js';
import { sendTaken } from '../../../net/channel.js';
import { runStep } from '../context/party-context.js';
import { posted } from '../exchange/in-turn.js';
import type { RowShares } from './linear-protocols.js';
import type { PreparedWeight } from './prepared-weight.js';
import { type ProductSession, uniformWords } from './product-session.js';

/** Shares of x1·W [rows, outputs], x1 known to the client: the mask at the server, x1·W minus the mask at the client. */
export async function encryptedProduct(
  products: ProductSession,
  layout: PackedLayout,
  x: RowShares,
  w: PreparedWeight,
): Promise<BigUint64Array> {
  const { role } = products;
  const { channel, random } = products.session;
  const { rows, ringBits } = x;
  const { inputs, outputs } = w;
  const strides = rowMajor(rows, outputs);
  if (role.party === 'client') {
    const share = { data: new BigUint64Array(rows * outputs), strides };
    await runStep(products, {
      async begin() {
        const factor = { data: x.data, strides: rowMajor(rows, inputs) };
        sendTaken(channel, await role.encryptor.encrypt(layout, factor));
      },
      async finish() {
        const answer = await channel.receive(outputBytes(layout));
        await role.decryptor.decrypt(layout, answer, share);
        giveBack(answer);
      },
    });
    return share.data;
  }
  const mask = uniformWords(random, rows * outputs, ringBits);
  const weights = { data: w.matrix!, bits: 16, strides: rowMajor(inputs, outputs) };
  let message: Promise<Uint8Array>;
  let product: Product;
  await runStep(products, {
    async begin() {
      message = posted(channel.receive(inputBytes(layout)));
      product = role.evaluator.begin(layout, weights, sendPieces(channel));
    },
    async answer() {
      await product.answer(message, { data: mask, strides });
      giveBack(await message);
    },
  });
  return mask;
}
