using Fettle.Cli;

return await CommandLine.RunAsync(args);
