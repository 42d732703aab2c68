using Fettle.LoadTesting.Reports;

namespace Fettle.Cli.Loads;

/// <summary>Writes a report into the files that were asked for.</summary>
internal static class ReportFiles
{
    public static void Write(LoadReport report, IReadOnlyDictionary<string, string> outputs)
    {
        foreach (var (format, path) in outputs)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
            switch (format)
            {
                case "--json":
                    report.Save(path);
                    break;
                default:
                    File.WriteAllText(path, format switch
                    {
                        "--html" => report.ToHtml(),
                        "--markdown" => report.ToMarkdown(),
                        "--junit" => report.ToJUnit(),
                        "--csv" => report.ToCsv(),
                        _ => report.ToText(),
                    });
                    break;
            }

            Console.Error.WriteLine($"written: {path}");
        }
    }
}
