using System.Text.Json.Nodes;
using Fettle.Databases;
using Fettle.Shared.Results;
using Spectre.Console;

namespace Fettle.Cli.Databases;

/// <summary>Collects tables of a run, shows them to a person, and writes them as a result document when asked.</summary>
internal sealed class DbOutput
{
    readonly TimeProvider _time = TimeProvider.System;
    readonly long _start;
    readonly ResultDocument _document;

    public DbOutput(string name, Database database)
    {
        _start = _time.GetTimestamp();
        _document = new ResultDocument
        {
            Kind = "db",
            Name = name,
            StartedAt = _time.GetUtcNow(),
            Machine = RunEnvironment.Machine(),
            Source = RunEnvironment.Source(),
            Command = ["fettle", "db", name],
            Settings = new JsonObject { ["database"] = database.Address.ToString() },
        };
    }

    public JsonObject Data => _document.Data;

    public void Table(string title, string[] columns, IEnumerable<string[]> rows, string? note = null)
    {
        var result = new ResultTable(title, columns, [.. rows], note);
        _document.Tables.Add(result);
        var table = new Table().Title(Markup.Escape(title)).Border(TableBorder.Rounded);
        foreach (var column in columns)
        {
            table.AddColumn(Markup.Escape(column));
        }

        foreach (var row in result.Rows)
        {
            table.AddRow(row.Select(Markup.Escape).ToArray());
        }

        // Made for each table: the console may have been redirected since the last one, and a file has no width.
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Out) });
        if (Console.IsOutputRedirected)
        {
            console.Profile.Width = 180;
        }

        console.Write(table);
        if (note is not null)
        {
            Console.Out.WriteLine(note);
        }
    }

    public void Save(string? file)
    {
        if (file is null)
        {
            return;
        }

        _document.DurationSeconds = Math.Round(_time.GetElapsedTime(_start).TotalSeconds, 3);
        _document.Save(file);
        Console.Error.WriteLine($"written: {file}");
    }

    public static string Size(long bytes) => bytes switch
    {
        < 1 << 10 => FormattableString.Invariant($"{bytes} B"),
        < 1 << 20 => FormattableString.Invariant($"{bytes / 1024.0:0.0} KB"),
        < 1 << 30 => FormattableString.Invariant($"{bytes / 1048576.0:0.0} MB"),
        _ => FormattableString.Invariant($"{bytes / 1073741824.0:0.00} GB"),
    };

    public static string Cut(string text, int width = 90)
    {
        var line = string.Join(' ', text.Split([' ', '\n', '\r', '\t'], StringSplitOptions.RemoveEmptyEntries));
        return line.Length <= width ? line : line[..(width - 1)] + "…";
    }

    public static string Number(double value) => value.ToString(value >= 100 ? "0" : "0.##", System.Globalization.CultureInfo.InvariantCulture);
}
