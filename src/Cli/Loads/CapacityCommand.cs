using System.CommandLine;
using System.Globalization;
using Fettle.LoadTesting.Capacity;
using Fettle.LoadTesting.Reports;
using Fettle.Shared.Verbs;

namespace Fettle.Cli.Loads;

/// <summary><c>fettle load capacity A.json B.json C.json --peak RATE</c>: fits the scalability law to saved runs at different loads and writes scaling files.</summary>
internal static class CapacityCommand
{
    public static Command Create()
    {
        var reports = new Argument<string[]>("results") { Description = "Saved results of one instance at different loads, at least three", Arity = ArgumentArity.OneOrMore };
        var peak = new Option<double>("--peak") { Description = "Requests per second to carry at the peak", Required = true };
        var service = new Option<string>("--service") { Description = "Name in the generated files", DefaultValueFactory = _ => "service" };
        var image = new Option<string>("--image") { Description = "Container image", DefaultValueFactory = _ => "service:latest" };
        var port = new Option<int>("--port") { Description = "Port of the service", DefaultValueFactory = _ => 8080 };
        var sticky = new Option<bool>("--sticky") { Description = "nginx keeps a client on one instance (ip_hash)" };
        var upstream = new Option<string[]>("--upstream") { Description = "An instance for nginx, host:port; may be repeated" };
        var folder = new Option<string?>("--out") { Description = "Folder for the generated files" };
        var command = new Command("capacity", "Predict throughput and instances from runs at different loads, write scaling files") { reports, peak, service, image, port, sticky, upstream, folder };
        command.SetAction(parse =>
        {
            try
            {
                var points = parse.GetValue(reports)!.Select(path => LoadReport.Load(path).Point()).ToArray();
                var request = new CapacityRequest { PeakRate = parse.GetValue(peak), Service = parse.GetValue(service)!, Image = parse.GetValue(image)!, Port = parse.GetValue(port), Sticky = parse.GetValue(sticky) };
                if (parse.GetValue(upstream) is { Length: > 0 } upstreams)
                {
                    request.Upstreams = upstreams;
                }

                var plan = CapacityPlan.Of(points, request);
                Print(plan, points, request);
                if (parse.GetValue(folder) is { } to)
                {
                    foreach (var (name, text) in ScalingFiles.Write(plan, request))
                    {
                        var path = Path.Combine(to, name);
                        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                        File.WriteAllText(path, text);
                        Console.Error.WriteLine($"written: {path}");
                    }
                }

                return ExitCode.Ok;
            }
            catch (Exception e) when (e is ArgumentException or IOException or InvalidDataException)
            {
                throw new UserErrorException(e.Message);
            }
        });
        return command;
    }

    static void Print(CapacityPlan plan, (double Concurrency, double Throughput)[] points, CapacityRequest request)
    {
        var law = plan.Law;
        var (low, high) = law.Interval(points, Math.Max(1, double.IsInfinity(law.PeakConcurrency) ? points.Max(p => p.Concurrency) : law.PeakConcurrency));
        var outcome = PolicySimulation.Run(plan, PolicySimulation.Day(request.PeakRate), request.TargetCpu);
        Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"""
            law            λ {law.Lambda:0.###}/s  σ {law.Sigma:0.######}  κ {law.Kappa:0.########}  from {points.Length} runs
            peak           {law.PeakThroughput:0}/s at {law.PeakConcurrency:0} at once; 95 % interval {low:0} to {high:0}/s
            limit          {plan.Limit}
            per instance   {plan.RatePerInstance:0}/s at {request.TargetCpu:P0} of its peak
            instances      {plan.Instances} for {request.PeakRate:0}/s; scale between {plan.MinInstances} and {plan.MaxInstances}
            connections    {plan.Connections} to the database per instance
            a day          {outcome.Changes} changes, {outcome.Reversals} reversals, {outcome.OverloadedSeconds} s overloaded (simulated)
            """));
    }
}
