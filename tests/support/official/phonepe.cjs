// PhonePe's own client for Node, told what to do line by line: JSON in, JSON out (see __init__.py).
const sdk = require("@phonepe-pg/pg-sdk-node");
const { BaseUrl } = require("@phonepe-pg/pg-sdk-node/dist/common/constants/BaseUrl");
const readline = require("node:readline");

const [url, clientId, clientSecret, clientVersion] = process.argv.slice(2);
for (const name of Object.keys(BaseUrl.SANDBOX)) BaseUrl.SANDBOX[name] = `${url}/apis/pg-sandbox`;
const client = sdk.StandardCheckoutClient.getInstance(clientId, clientSecret, Number(clientVersion), sdk.Env.SANDBOX, false);

const does = {
  pay: (given) =>
    client.pay(
      sdk.StandardCheckoutPayRequest.builder()
        .merchantOrderId(given.order)
        .amount(given.amount)
        .expireAfter(given.expireAfter ?? 1800)
        .message("Gold plan")
        .redirectUrl(given.redirectUrl ?? "https://academy.example/return")
        .metaInfo(sdk.MetaInfo.builder().udf1("gold").udf2("test").build())
        .build(),
    ),
  sdkOrder: (given) =>
    client.createSdkOrder(
      sdk.CreateSdkOrderRequest.StandardCheckoutBuilder()
        .merchantOrderId(given.order)
        .amount(given.amount)
        .redirectUrl("https://academy.example/return")
        .build(),
    ),
  status: (given) => client.getOrderStatus(given.order, given.details ?? false),
  transaction: (given) => client.getTransactionStatus(given.transaction),
  refund: (given) =>
    client.refund(
      sdk.RefundRequest.builder()
        .merchantRefundId(given.refund)
        .originalMerchantOrderId(given.order)
        .amount(given.amount)
        .build(),
    ),
  refundStatus: (given) => client.getRefundStatus(given.refund),
  callback: async (given) => client.validateCallback(given.username, given.password, given.authorization, given.body),
};

async function main() {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const { what, ...given } = JSON.parse(line);
    let said;
    try {
      said = { answer: await does[what](given) };
    } catch (error) {
      said = { error: { kind: error.constructor.name, status: error.httpStatusCode ?? null, code: error.code ?? null } };
    }
    process.stdout.write(JSON.stringify(said) + "\n");
  }
}

main().then(() => process.exit(0));
