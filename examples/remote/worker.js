// npm install faktory-worker; FAKTORY_URL=tcp://localhost:7419 node worker.js
const faktory = require("faktory-worker");

faktory.register("Thumbnail", async (image) => {
  console.log(`here is a thumbnail of ${image}`);
});

faktory.work({ queues: ["default"], concurrency: 2 }).catch((error) => {
  console.error(error);
  process.exit(1);
});
