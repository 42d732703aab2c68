using Fettle.LoadTesting.Engine.Loop;

namespace Fettle.LoadTesting.Engine;

/// <summary>Runs every loop on a thread of its own.</summary>
static class LoopThreads
{
    /// <summary>Completes when all loops have ended, with the moment of the last; a failing loop stops the others and its exception is thrown.</summary>
    public static async Task<long> RunAsync(IReadOnlyList<ILoadLoop> loops, CancellationToken cancellation)
    {
        void StopAll()
        {
            foreach (var loop in loops)
            {
                loop.Stop();
            }
        }

        await using var stopping = cancellation.Register(StopAll);
        var ends = await Task.WhenAll(loops.Select(loop =>
        {
            var ended = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
            new Thread(() =>
            {
                try
                {
                    ended.SetResult(loop.Run());
                }
                catch (Exception e)
                {
                    StopAll();
                    ended.SetException(e);
                }
            })
            { IsBackground = true, Name = "fettle load" }.Start();
            return ended.Task;
        }));
        return ends.Max();
    }
}
