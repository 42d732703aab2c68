using System.Data.Common;
using Fettle.Databases;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Fettle.AspNetCore;

/// <summary>
/// <c>GET /fettle/advice</c> reviews the recorded statements; <c>POST /fettle/advice/apply?id=</c> and <c>…/undo?id=</c> do and take back one action;
/// <c>GET /fettle/plan?sql=</c> explains one recorded statement and <c>GET /fettle/repeats</c> lists loops of statements.
/// </summary>
internal static class AdviceEndpoints
{
    static readonly TimeSpan StatementLimit = TimeSpan.FromMinutes(30);

    public static void Map(RouteGroupBuilder admin)
    {
        admin.MapGet("/advice", async (IServiceProvider services, AppliedActions applied, CancellationToken cancellation) =>
        {
            if (services.GetService<Database>() is not { } database)
            {
                return NoDatabase();
            }

            var report = await IndexAdvisor.ReportAsync(database, database.Recorder.Snapshot(), cancellation: cancellation);
            applied.Remember(report.Actions);
            return Results.Json(
                new AdviceList(AdviceList.CurrentSchema, report.CostBefore, report.CostAfter, [.. report.Actions.Select(Entry)], [.. applied.All.Select(Entry)]),
                FettleJson.Default.AdviceList);
        });
        admin.MapPost("/advice/apply", (string? id, HttpContext context, IServiceProvider services, AppliedActions applied, AuditLog audit, LiveSampler live, CancellationToken cancellation) =>
            RunAsync(id, true, context, services, applied, audit, live, cancellation));
        admin.MapPost("/advice/undo", (string? id, HttpContext context, IServiceProvider services, AppliedActions applied, AuditLog audit, LiveSampler live, CancellationToken cancellation) =>
            RunAsync(id, false, context, services, applied, audit, live, cancellation));
        admin.MapGet("/plan", async (string? sql, IServiceProvider services, CancellationToken cancellation) =>
        {
            if (services.GetService<Database>() is not { } database)
            {
                return NoDatabase();
            }

            // Only what the service itself ran: this endpoint is no console.
            if (database.Recorder.Snapshot().FirstOrDefault(q => q.Sql == sql) is not { } query)
            {
                return FettleProblems.NotFound("unknown-statement", "no recorded statement has that shape; GET /fettle/queries lists them");
            }

            try
            {
                return Results.Text((await PlanExplainer.ExplainAsync(database, query, cancellation: cancellation)).ToTree());
            }
            catch (InvalidOperationException e)
            {
                return FettleProblems.BadRequest("not-explainable", e.Message);
            }
        });
        admin.MapGet("/repeats", (IServiceProvider services) => services.GetService<Database>() is { } database
            ? Results.Json(RepeatedQuery.Find(database.Recorder.Snapshot(), database.Engine), FettleJson.Default.IReadOnlyListRepeatedQuery)
            : NoDatabase());
    }

    static async Task<IResult> RunAsync(
        string? id, bool apply, HttpContext context, IServiceProvider services, AppliedActions applied, AuditLog audit, LiveSampler live, CancellationToken cancellation)
    {
        if (services.GetService<Database>() is not { } database)
        {
            return NoDatabase();
        }

        if ((apply ? applied.Offered(id) : applied.Find(id)) is not { } action)
        {
            return FettleProblems.NotFound("unknown-action", $"no {(apply ? "offered" : "applied")} action has the id '{id}'; GET /fettle/advice lists them");
        }

        var word = apply ? "apply" : "undo";
        try
        {
            if (apply)
            {
                var problems = await ApplyGuard.CheckAsync(database, [action], cancellation);
                if (problems.Count > 0)
                {
                    return FettleProblems.Create(StatusCodes.Status409Conflict, "not-now", "The action cannot run now", string.Join("; ", problems));
                }

                applied.Intend(action);
            }

            // Not cancelled with the request: half an action is worse than one that nobody waits for.
            await RunStatementsAsync(database, apply ? action.Do : action.Undo);
            if (!apply)
            {
                applied.Undone(action);
            }
        }
        catch (DbException e)
        {
            audit.Write(context, "advice", $"{word} {action.Id}", $"failed: {e.Message}");
            return FettleProblems.Create(StatusCodes.Status409Conflict, "action-failed", "The database refused the action", e.Message);
        }

        audit.Write(context, "advice", $"{word} {action.Id}", "done");
        live.Mark(apply ? action.Title : "undo: " + action.Title);
        return Results.NoContent();
    }

    static async Task RunStatementsAsync(Database database, IReadOnlyList<string> statements)
    {
        await using var lease = await database.OpenWriteAsync();
        var connection = Database.Unwrap(lease);
        foreach (var sql in ApplyGuard.Session(database.Engine, StatementLimit).Concat(statements))
        {
            await using var command = connection.CreateCommand();
            command.CommandText = sql;
            command.CommandTimeout = (int)StatementLimit.TotalSeconds;
            await command.ExecuteNonQueryAsync();
        }
    }

    static AdviceEntry Entry(DatabaseAction action) => new(
        action.Id, action.Title, action.Risk, action.Why, action.PredictedGain, action.Do, action.Undo, action.Evidence.Bytes, action.Evidence.Notes);

    static IResult NoDatabase() => FettleProblems.NotFound("no-database", "this service has no database");
}

internal sealed record AdviceList(string Schema, double CostBefore, double CostAfter, IReadOnlyList<AdviceEntry> Offered, IReadOnlyList<AdviceEntry> Applied)
{
    public const string CurrentSchema = "fettle.proposals/1";
}

internal sealed record AdviceEntry(
    string Id, string Title, string Risk, string Why, double PredictedGain, IReadOnlyList<string> Do, IReadOnlyList<string> Undo, long Bytes, IReadOnlyList<string> Notes);
