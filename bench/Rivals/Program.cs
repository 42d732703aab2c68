return args is ["bare-server", var body] ? await Fettle.Bench.Rivals.BareServer.RunAsync(body) : await Fettle.Bench.BenchProgram.RunAsync(args);
