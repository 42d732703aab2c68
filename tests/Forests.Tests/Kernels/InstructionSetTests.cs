using System.Diagnostics;
using System.Globalization;
using Fettle.Forests.Kernels;

namespace Fettle.Forests.Tests.Kernels;

/// <summary>
/// The kernels and whole forests in processes that run another instruction set: what FETTLE_SIMD selects, and processors that the runtime is told
/// to take for weaker ones, where nothing wider than the code asks for is there to hide behind.
/// </summary>
public sealed class InstructionSetTests
{
    static string Models => Soak.IsOn ? "1000" : "40";

    [Theory]
    [InlineData(nameof(SimdLevel.Scalar))]
    [InlineData(nameof(SimdLevel.Avx2))]
    [InlineData(nameof(SimdLevel.Avx512))]
    public void Level_GivesTheOraclesBitsOrIsRefused(string level)
    {
        var name = level.ToLowerInvariant();
        var run = Run(Simd.Variable, name);
        if (Enum.Parse<SimdLevel>(level) > Simd.Best)
        {
            (run.Code, run.Error.Trim()).ShouldBe((1, $"{Simd.Variable} is {name}, but this processor offers {Simd.Best.ToString().ToLowerInvariant()} at most"));
            return;
        }

        run.Code.ShouldBe(0, run.Error);
        ShouldHaveRun(run.Output, Enum.Parse<SimdLevel>(level));
    }

    [Theory]
    [InlineData("DOTNET_EnableAVX2")]
    [InlineData("DOTNET_EnableHWIntrinsic")]
    public void WeakerProcessor_GivesTheOraclesBits(string without)
    {
        var run = Run(without, "0");
        run.Code.ShouldBe(0, run.Error);
        ShouldHaveRun(run.Output, SimdLevel.Scalar);
    }

    /// <summary>The property must not hold because nothing was compiled.</summary>
    static void ShouldHaveRun(string output, SimdLevel level)
    {
        output.ShouldStartWith($"{level.ToString().ToLowerInvariant()}: {Models} models");
        var counts = output.Split(',').Skip(1).Select(p => int.Parse(p.Trim().Split(' ')[0], CultureInfo.InvariantCulture)).ToArray();
        counts[3].ShouldBeGreaterThan(10, output);
        counts[..3].ShouldAllBe(c => level == SimdLevel.Scalar ? c == 0 : c > 5, output);
    }

    static (int Code, string Output, string Error) Run(string variable, string value)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath is { } path && Path.GetFileNameWithoutExtension(path) == "dotnet" ? path : "dotnet")
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        };
        start.ArgumentList.Add(typeof(InstructionSetTests).Assembly.Location);
        start.ArgumentList.Add(Models);
        start.Environment.Remove(Simd.Variable);
        start.Environment[variable] = value;
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.GetAwaiter().GetResult());
    }
}
