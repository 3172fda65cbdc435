# The oracle of the charts: surveillance::glrnb with a known change (theta = log ratio) and falling counts.
# Reads series,day,count,mu,alpha,ratio from a CSV; writes series,day,value. c.ARL is out of reach, so no chart restarts.
suppressMessages(library(surveillance))
arguments <- commandArgs(trailingOnly = TRUE)
rows <- read.csv(arguments[1])
answer <- do.call(rbind, lapply(split(rows, rows$series), function(one) {
  observed <- sts(observed = one$count, frequency = 365, start = c(2026, 1))
  found <- glrnb(observed, control = list(
    range = seq_len(nrow(one)), mu0 = one$mu, alpha = one$alpha[1], theta = log(one$ratio[1]),
    c.ARL = 1e9, Mtilde = 1, M = -1, change = "intercept", dir = "dec", ret = "value"))
  data.frame(series = one$series, day = one$day, value = sprintf("%.17g", as.numeric(upperbound(found))))
}))
write.csv(answer, arguments[2], row.names = FALSE, quote = FALSE)
