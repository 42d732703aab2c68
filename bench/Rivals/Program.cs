return await Fettle.Bench.BenchProgram.RunAsync(args);
