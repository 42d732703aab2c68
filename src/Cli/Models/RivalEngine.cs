using System.Diagnostics;
using System.Text.Json;

namespace Fettle.Cli.Models;

/// <summary>
/// Another library as a child process that answers one line per request, so that its measurements can be interleaved with ours in one run.
/// The child times itself: pipes and start-up are not counted.
/// </summary>
internal sealed class RivalEngine : IDisposable
{
    readonly Process _process;
    readonly string _folder;

    RivalEngine(string name, string format, Process process, string folder, string version) =>
        (Name, Format, _process, _folder, Version) = (name, format, process, folder, version);

    public string Name { get; }

    public string Format { get; }

    public string Version { get; }

    /// <summary>XGBoost in the first python3 that has it, or null.</summary>
    public static RivalEngine? StartXgboost(string model, string rows, int features) =>
        new[] { "/usr/bin/python3", "python3" }.Select(p => Start("XGBoost", "JSON", p, "rival.py", PythonScript, [model, rows, $"{features}"], null)).FirstOrDefault(r => r is not null);

    /// <summary>
    /// ONNX Runtime from npm in <paramref name="modules"/> (a folder with node_modules), or null; <paramref name="provider"/> is cpu, or cuda where a GPU
    /// and its libraries exist.
    /// </summary>
    public static RivalEngine? StartOnnxRuntime(string model, string rows, int features, string modules, string provider = "cpu") =>
        HasOnnxRuntime(modules)
            ? Start(provider == "cpu" ? "ONNX Runtime" : $"ONNX Runtime ({provider})", "ONNX", "node", "rival.js", NodeScript, [model, rows, $"{features}", provider], Path.GetFullPath(Path.Combine(modules, "node_modules")))
            : null;

    public static bool HasOnnxRuntime(string folder) => Directory.Exists(Path.Combine(folder, "node_modules", "onnxruntime-node"));

    /// <summary>Nanoseconds of each of <paramref name="count"/> single-row predictions, rows rotating.</summary>
    public double[] OneRow(int count) => Ask($"one {count}");

    /// <summary>Nanoseconds of one call over the first <paramref name="rows"/> rows.</summary>
    public double Batch(int rows) => Ask($"batch {rows}")[0];

    /// <summary>Predictions of the first rows.</summary>
    public double[] Predictions(int rows) => Ask($"predict {rows}");

    public void Dispose()
    {
        try
        {
            _process.StandardInput.Close();
            if (!_process.WaitForExit(2000))
            {
                _process.Kill();
            }
        }
        catch (InvalidOperationException)
        {
            // It had ended by itself.
        }

        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    double[] Ask(string line)
    {
        _process.StandardInput.WriteLine(line);
        _process.StandardInput.Flush();
        var answer = _process.StandardOutput.ReadLine() ?? throw new InvalidOperationException($"{Name} ended without an answer to '{line}'");
        return JsonSerializer.Deserialize<double[]>(answer)!;
    }

    static RivalEngine? Start(string name, string format, string program, string file, string script, string[] arguments, string? nodePath)
    {
        var folder = Directory.CreateTempSubdirectory("fettle-rival-").FullName;
        var path = Path.Combine(folder, file);
        File.WriteAllText(path, script);
        var start = new ProcessStartInfo(program) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add(path);
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment["OMP_NUM_THREADS"] = "1";
        if (nodePath is not null)
        {
            start.Environment["NODE_PATH"] = nodePath;
        }

        try
        {
            var process = Process.Start(start)!;
            process.ErrorDataReceived += (_, _) => { };
            process.BeginErrorReadLine();
            if (process.StandardOutput.ReadLine() is { } ready && ready.StartsWith("ready ", StringComparison.Ordinal))
            {
                return new RivalEngine(name, format, process, folder, ready[6..]);
            }

            process.WaitForExit();
            process.Dispose();
        }
        catch (System.ComponentModel.Win32Exception)
        {
            // The program is not there.
        }

        Directory.Delete(folder, recursive: true);
        return null;
    }

    const string PythonScript = """
        import json, sys, time
        import numpy as np
        import xgboost as xgb
        model, rows, features = sys.argv[1], sys.argv[2], int(sys.argv[3])
        x = np.fromfile(rows, "<f4").reshape(-1, features)
        b = xgb.Booster({"nthread": 1})
        b.load_model(model)
        b.set_param({"nthread": 1})
        def run(v):
            # inplace_predict: no DMatrix to build, and no cached answer as for a DMatrix that is used again
            return b.inplace_predict(v, validate_features=False)
        run(x[:100])
        print("ready " + xgb.__version__, flush=True)
        for line in sys.stdin:
            what, n = line.split()
            n = int(n)
            if what == "one":
                out = []
                for i in range(n):
                    v = x[i % len(x):i % len(x) + 1]
                    t = time.perf_counter_ns()
                    run(v)
                    out.append(time.perf_counter_ns() - t)
            elif what == "batch":
                v = x[:n]
                t = time.perf_counter_ns()
                run(v)
                out = [time.perf_counter_ns() - t]
            else:
                out = [float(p) for p in np.asarray(run(x[:n])).reshape(-1)]
            print(json.dumps(out), flush=True)
        """;

    const string NodeScript = """
        const ort = require('onnxruntime-node'), fs = require('fs'), readline = require('readline');
        const [model, rows, features] = [process.argv[2], process.argv[3], Number(process.argv[4])];
        const bytes = fs.readFileSync(rows);
        const x = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
        const total = x.length / features;
        (async () => {
          const s = await ort.InferenceSession.create(model, { intraOpNumThreads: 1, interOpNumThreads: 1, executionProviders: [process.argv[5]] });
          const tensor = (from, n) => new ort.Tensor('float32', x.subarray(from * features, (from + n) * features), [n, features]);
          const run = async t => (await s.run({ input: t })).output;
          await run(tensor(0, Math.min(100, total)));
          console.log('ready ' + require('onnxruntime-node/package.json').version);
          for await (const line of readline.createInterface({ input: process.stdin })) {
            const [what, count] = line.split(' '), n = Number(count);
            let out = [];
            if (what === 'one') {
              for (let i = 0; i < n; i++) {
                const t = tensor(i % total, 1), start = process.hrtime.bigint();
                await run(t);
                out.push(Number(process.hrtime.bigint() - start));
              }
            } else if (what === 'batch') {
              const t = tensor(0, n), start = process.hrtime.bigint();
              await run(t);
              out = [Number(process.hrtime.bigint() - start)];
            } else {
              out = Array.from((await run(tensor(0, n))).data, Number);
            }
            console.log(JSON.stringify(out));
          }
        })();
        """;
}
